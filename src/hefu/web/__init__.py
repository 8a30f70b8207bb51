"""What the outside may call: the REST API and the receiver of webhooks."""

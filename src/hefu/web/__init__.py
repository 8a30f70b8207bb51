"""What the outside may call: today the receiver of webhooks and the health page."""

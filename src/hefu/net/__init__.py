"""The hub's one way out over HTTP: checked addresses, verified TLS, time and size limits, and a call budget.

Everything that connectors ask of the net goes through `Egress`; no other room imports an HTTP client
(the choice of pycurl is explained in docs/adr/0002-http-client.md).
"""

from hefu.net.budget import Budget, Grant, LocalBudget
from hefu.net.egress import Counts, Egress
from hefu.net.mail import MailServer
from hefu.net.policy import Policy, admit, targets_in

__all__ = ["Budget", "Counts", "Egress", "Grant", "LocalBudget", "MailServer", "Policy", "admit", "targets_in"]

"""Sandbox systems on loopback, to rehearse on and to test against: one package per vendor, and what all of them share.

Shared: the frame (faults, counters, hands inside), the shelf (records in SQLite), webhooks, the look of the pages, the
sample company. A vendor's package is written from the facts of the vendor alone; it may not see the connectors (one
floor), since a mistake in common would hide. `SANDBOXES` of the catalogue names them.
"""

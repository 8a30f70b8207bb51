"""Reads the store and never moves data: traces, health, reports."""

"""Puts the house together: the only place that knows everything."""

from hefu.app.house import App, Machine, open_app

__all__ = ["App", "Machine", "open_app"]

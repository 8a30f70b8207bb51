"""The rules of the hub in plain Python: no clock, no I/O, no chance."""

"""The simulator: the whole engine under virtual time, with people, faults and crashes between any two of its steps.

A `Case` is drawn from a seed (or read from a file), `run_case` plays it and judges the end by the history of every
value that anybody typed. The same case always gives the same trace.
"""

from hefu.sim.storm.case import Case, Event, Shape, draw
from hefu.sim.storm.play import Outcome, run_case

__all__ = ["Case", "Event", "Outcome", "Shape", "draw", "run_case"]

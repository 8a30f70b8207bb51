"""Makes the runtime fixtures known to pytest."""

from conftest_runtime import drop_wakes, runtime

__all__ = ["drop_wakes", "runtime"]

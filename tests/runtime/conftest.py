"""Makes the runtime fixtures known to pytest."""

from conftest_runtime import drop_wakes, runtime, schema, sqlite_template

__all__ = ["drop_wakes", "runtime", "schema", "sqlite_template"]

"""Migrations of the hub's store, from the first day; `hefu.store.migrate` runs them."""

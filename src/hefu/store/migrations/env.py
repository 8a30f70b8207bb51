"""Alembic's entry: runs the migrations on the connection that `hefu.store.migrate` hands over."""

from alembic import context

from hefu.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()

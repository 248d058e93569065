"""Alembic's way in; the connection comes from whoever migrates (`store.migrate`)."""

from alembic import context

from omnipersona.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()

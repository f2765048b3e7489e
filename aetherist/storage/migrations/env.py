"""What Alembic runs; ``aetherist.storage.migrating`` gives it the connection and the transaction."""

from alembic import context

from aetherist.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()

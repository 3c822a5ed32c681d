"""Run by alembic, on the connection and inside the transaction that `store/revision.py` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()

"""One file a revision of the schema; Alembic runs them in order."""

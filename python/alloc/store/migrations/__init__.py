"""The ledger's schema: Alembic writes its SQL, `alloc.store.schema` runs it.

Alembic never opens a ledger. It renders the migrations to SQL in a process of its own,
for SQLite or PostgreSQL, and ADBC runs that in one transaction: so there is one library
per database, and no second copy of SQLite, which would break the locks of the first.
"""

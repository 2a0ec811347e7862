"""The ledger's schema, built by Alembic in a process of its own.

Alembic reaches SQLite through another copy of the library than ADBC does, and two
copies on one file in one process break its locks. So nothing here is imported by a
process that opens a ledger: `alloc.store` starts it as a program.
"""

"""The journal in other people's formats: pure functions from tables to bytes.

Tables are those of `alloc.app.ports.JournalTables`, sorted by ``seq`` and
``line_no``. Equal tables give equal bytes. A long journal is written span by span:
the bytes of the spans follow each other.
"""

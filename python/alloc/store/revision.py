"""The schema revision that this version of the code reads and writes."""

#: The newest revision under ``migrations/versions``.
HEAD = "0004"

"""The schema revisions that this version of the code knows."""

#: Those under ``migrations/versions``, oldest first.
REVISIONS = (
    *("0001", "0002", "0003", "0004", "0005"),
    *("0006", "0007", "0008", "0009", "0010"),
)
#: The one that the code reads and writes.
HEAD = REVISIONS[-1]

"""What can go wrong, in a form that people and programs can read.

::

    AllocError                     has `reason` (wire name) and `metadata` (fields)
    |-- InputError (ValueError)    the input is wrong: file, line or field is named
    |-- NotFoundError              a named thing does not exist
    |-- ConflictError              the state does not allow it: busy, decided, changed
    |-- LimitError                 a stated limit was reached
    |-- StoppedError               the caller asked to stop
    |-- StoreError                 the ledger cannot be read or written
    `-- InternalError              a defect of ours
"""

from __future__ import annotations


class AllocError(Exception):
    """Base of every error that this package raises on purpose.

    Parameters
    ----------
    message
        What is wrong and what to do, with the ids; one sentence for a person.
    reason
        Stable wire name in upper snake case, for programs: ``CURRENCY_UNKNOWN``.
    metadata
        The named fields of the message, as text.
    """

    default_reason = "ERROR"

    def __init__(
        self, message: str, *, reason: str | None = None, **metadata: object
    ) -> None:
        super().__init__(message)
        self.reason = reason or self.default_reason
        self.metadata = {name: str(value) for name, value in metadata.items()}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with reason and metadata (BaseException keeps only the message)."""
        return (_rebuild, (type(self), str(self), self.reason, self.metadata))


class InputError(AllocError, ValueError):
    """The input is wrong; the message names the file, line or field."""

    default_reason = "INPUT_INVALID"


class NotFoundError(AllocError):
    """A named thing does not exist."""

    default_reason = "NOT_FOUND"


class ConflictError(AllocError):
    """The state does not allow it: locked, already decided, changed meanwhile."""

    default_reason = "CONFLICT"


class LimitError(AllocError):
    """A stated limit was reached; nothing was cut."""

    default_reason = "LIMIT_REACHED"


class StoppedError(AllocError):
    """The caller asked to stop; nothing was decided."""

    default_reason = "STOPPED"


class StoreError(AllocError):
    """The ledger cannot be read or written."""

    default_reason = "STORE_FAILED"


class InternalError(AllocError):
    """A defect of ours: please report it."""

    default_reason = "INTERNAL"


def _rebuild(
    cls: type[AllocError], message: str, reason: str, metadata: dict[str, str]
) -> AllocError:
    return cls(message, reason=reason, **metadata)

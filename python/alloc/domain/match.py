"""How a match is named: what is kept of it when it is refused or taken back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Evidence of the allocations of a return: the decision of what came back follows.
RETURN_OF = "RETURN_OF_"


def item_set(items: Iterable[tuple[str, str]]) -> str:
    """Name a set of items: the key of a refusal.

    Parameters
    ----------
    items
        (entity, item_id) of each item of one rank; order and repetition do not
        matter.

    Returns
    -------
    str
        32 hex digits.

    Examples
    --------
    >>> item_set([("E1", "B"), ("E1", "A")]) == item_set([("E1", "A"), ("E1", "B")])
    True
    """
    keys = sorted({f"{entity}\x1f{item_id}" for entity, item_id in items})
    return hashlib.sha256("\x1e".join(keys).encode()).hexdigest()[:32]

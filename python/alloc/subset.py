"""Weighted subset sum with proofs: which amounts make up a target, and no others.

Every answer says how it is known. ``unique`` and ``none`` come from exact work alone,
``dominant`` from a rigorous bound on the probability of all other sets, and
``over_budget`` says that the work allowed ended first: it says nothing about the
amounts. Work is counted in steps and bytes, so equal inputs give equal answers on
every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from alloc.engine import solve_subset
from alloc.errors import InputError

if TYPE_CHECKING:
    from typing import Protocol, SupportsIndex

    from arro3.core.types import ArrowArrayExportable, ArrowStreamExportable

    class NumpyArray(Protocol):
        """What a numpy array of int64 offers."""

        def __array__(self) -> object: ...

    Arrow = ArrowArrayExportable | ArrowStreamExportable
    Integers = Sequence[int] | NumpyArray | Arrow
    ExplanationParts = tuple[
        list[int], int, tuple[int, int] | None, int, int, tuple[int, int], str
    ]

__all__ = ["Budget", "Delta", "Explanation", "Solution", "solve"]

_INT64 = range(-(2**63), 2**63)
_UINT32 = range(2**32)
_UINT64 = range(2**64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """An admissible difference: a deduction, or a surplus.

    Used ``k`` times, the chosen amounts may add up to anything from
    ``target + k * low_minor`` to ``target + k * high_minor``. Deltas never combine: a
    combination that is allowed is a delta of its own.

    Parameters
    ----------
    low_minor, high_minor
        Sum of the amounts minus target, minor units; a fee withheld is positive, an
        overpayment negative.
    cost_millinats
        Cost of each use, from 0.
    count_max
        How often it may be used, from 1.
    """

    low_minor: int
    high_minor: int
    cost_millinats: int = 0
    count_max: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much work a search may do; reaching it is an outcome, never a hang.

    Parameters
    ----------
    steps
        Elementary steps; one is about a nanosecond of one core.
    memory_bytes
        Bytes held at one time, at most 256 MiB.
    """

    steps: int = 1 << 29
    memory_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A set of amounts that makes up the target exactly, with at most one delta.

    Parameters
    ----------
    items
        Positions of the chosen amounts, ascending.
    difference_minor
        Sum of the chosen amounts minus target, minor units.
    delta
        Position of the delta that explains the difference; None when it is 0.
    delta_count
        How often the delta is used.
    other_deltas
        Other ways to explain the same difference with the same items.
    cost_millinats
        Cost against the set that is most likely beforehand.
    p_low_ppm, p_high_ppm
        Bounds of its probability among all explanations, under the costs given.
    shape
        ``whole``, ``single``, ``pair``, ``run`` (neighbours) or ``scattered``.
    """

    items: tuple[int, ...]
    difference_minor: int
    delta: int | None
    delta_count: int
    other_deltas: int
    cost_millinats: int
    p_low_ppm: int
    p_high_ppm: int
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What is known about the sets that make up the target.

    Parameters
    ----------
    outcome
        ``exact`` (the set that is most likely beforehand, proved), ``unique`` (the
        only one), ``dominant`` (all others together are less likely than
        ``wrong_max_ppm``), ``ambiguous``, ``none``, ``over_budget``.
    proof
        What settled it: ``range``, ``divisor``, ``residue``, ``enumeration``,
        ``bitset``, ``witnesses``, ``posterior``, ``unproved``.
    modulus
        The modulus of a ``residue`` proof, else None.
    explanations
        Found ones, most probable first, then by fewest items, then by position.
    count_low, count_high
        Bounds of the number of explanations, equal when it is known; None stands for
        a bound beyond 64 bits.
    complete_to_millinats
        Every explanation of at most this cost was seen; None if nothing is claimed.
    information_millibits
        What the amount tells minus what there is to know, in 1/1000 bit; below
        -10,000 nobody can know. None when the question was settled before.
    steps, memory_bytes
        Work done, in the units of `Budget`.
    """

    outcome: str
    proof: str
    modulus: int | None
    explanations: tuple[Explanation, ...]
    count_low: int
    count_high: int | None
    complete_to_millinats: int | None
    information_millibits: int | None
    steps: int
    memory_bytes: int


def solve(
    amounts: Integers,
    target: int,
    *,
    costs: Integers | None = None,
    kinds: Integers | None = None,
    deltas: Sequence[Delta] | None = None,
    budget: Budget | None = None,
    explanations_max: int = 8,
    wrong_max_ppm: int = 100,
) -> Solution:
    """Find which sets of amounts make up a target, with proof.

    The interpreter lock is released while it works.

    Parameters
    ----------
    amounts
        Signed minor units, int64 without nulls, at most 100,000: an Arrow array, a
        numpy array or a sequence of integers. Credit notes are negative. Amounts of 0
        keep the state that is more likely beforehand and are not counted.
    target
        The sum wanted, minor units.
    costs
        One per amount, in millinats (1/1000 of a natural log-odds unit): what having
        it in costs over leaving it out; negative when it is more likely in. None knows
        nothing.
    kinds
        One per amount, any integer. Amounts of equal value, cost and kind are
        interchangeable: how many of them is a choice, which of them is not, and the
        first ones are taken. None is one kind for all.
    deltas
        Admissible differences.
    budget
        How much work is allowed.
    explanations_max
        Most explanations to return, from 1.
    wrong_max_ppm
        Probability of being wrong at which an explanation is dominant.

    Returns
    -------
    Solution
        The outcome, how it is known, and the best explanations.

    Raises
    ------
    alloc.errors.InputError
        An argument is wrong (``ARRAY_TYPE``, ``INTEGER_RANGE``, ``LENGTH_DIFFERS``,
        ``COST_OUT_OF_RANGE``, ``DELTA_INVALID``); the field is named.
    alloc.errors.LimitError
        More than the core takes: ``TOO_MANY_ITEMS``, ``SUM_TOO_LARGE``,
        ``BUDGET_TOO_LARGE``.

    Examples
    --------
    >>> solution = solve([120_00, 75_50, 99_99, -20_00, 310_10], 155_49)
    >>> solution.outcome, solution.explanations[0].items
    ('unique', (1, 2, 3))

    Two amounts of 50.00 are one choice, unless their kinds tell them apart:

    >>> solve([50_00, 50_00, 75_00], 50_00).outcome
    'unique'
    >>> solve([50_00, 50_00, 75_00], 50_00, kinds=[1, 2, 3]).outcome
    'ambiguous'
    """
    budget = budget or Budget()
    parts = solve_subset(
        _int64(amounts, "amounts"),
        _integer(target, "target", _INT64),
        None if costs is None else _int64(costs, "costs"),
        None if kinds is None else _int64(kinds, "kinds"),
        [_delta(delta) for delta in deltas or ()],
        (
            _integer(budget.steps, "steps", _UINT64),
            _integer(budget.memory_bytes, "memory_bytes", _UINT64),
        ),
        explanations_max=_integer(explanations_max, "explanations_max", _UINT32),
        wrong_max_ppm=_integer(wrong_max_ppm, "wrong_max_ppm", _UINT32),
    )
    outcome, proof, modulus, explanations, count, complete_to, information, work = parts
    return Solution(
        outcome=outcome,
        proof=proof,
        modulus=modulus,
        explanations=tuple(map(_explanation, explanations)),
        count_low=count[0],
        count_high=count[1],
        complete_to_millinats=complete_to,
        information_millibits=information,
        steps=work[0],
        memory_bytes=work[1],
    )


def _explanation(parts: ExplanationParts) -> Explanation:
    items, difference_minor, delta, other_deltas, cost_millinats, p_ppm, shape = parts
    position, count = delta if delta is not None else (None, 0)
    return Explanation(
        items=tuple(items),
        difference_minor=difference_minor,
        delta=position,
        delta_count=count,
        other_deltas=other_deltas,
        cost_millinats=cost_millinats,
        p_low_ppm=p_ppm[0],
        p_high_ppm=p_ppm[1],
        shape=shape,
    )


def _delta(delta: Delta) -> tuple[int, int, int, int]:
    return (
        _integer(delta.low_minor, "low_minor", _INT64),
        _integer(delta.high_minor, "high_minor", _INT64),
        _integer(delta.cost_millinats, "cost_millinats", _INT64),
        _integer(delta.count_max, "count_max", _UINT32),
    )


def _integer(value: SupportsIndex, field: str, allowed: range) -> int:
    try:
        number = value.__index__()
    except (AttributeError, TypeError):
        number = None
    if number is None or number not in allowed:
        raise InputError(
            f"{field} is {value!r}; it must be an integer from {allowed.start} "
            f"to {allowed.stop - 1}",
            reason="INTEGER_RANGE",
            field=field,
        )
    return number


def _int64(values: Integers, field: str) -> Arrow:
    """Hand Arrow data through; take over what numpy or a sequence holds."""
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        return cast("Arrow", values)
    # Loaded on demand: pyarrow alone costs more than most questions.
    import pyarrow as pa  # noqa: PLC0415

    try:
        if isinstance(values, Sequence):
            return cast("Arrow", pa.array(list(values), pa.int64()))
        return cast("Arrow", pa.array(values))
    except (OverflowError, TypeError, pa.ArrowException) as error:
        raise InputError(
            f"{field} must be integers of 64 bits: {error}",
            reason="ARRAY_TYPE",
            field=field,
        ) from error

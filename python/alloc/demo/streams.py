"""Seeded draws: one independent stream per purpose, integers only.

A new draw in one place does not shift the draws of another, and no float is drawn, so
no float can reach an amount.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import PCG64, Generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def stream(seed: int, *purpose: str | int) -> Generator:
    """Give the generator of one purpose.

    Parameters
    ----------
    seed
        The seed of the whole demo.
    purpose
        What the draws are for; equal purposes give equal streams.

    Returns
    -------
    Generator
        A fresh PCG64 generator.

    Examples
    --------
    >>> int(stream(1, "days").integers(100)) == int(stream(1, "days").integers(100))
    True
    """
    key = "\x1f".join(str(part) for part in (seed, *purpose))
    digest = hashlib.sha256(key.encode()).digest()
    return Generator(PCG64(int.from_bytes(digest[:16], "big")))


def integers(rng: Generator, low: int, high: int, size: int) -> NDArray[np.int64]:
    """Draw ``size`` integers of ``low`` to ``high``, both included."""
    return rng.integers(low, high, size=size, dtype=np.int64, endpoint=True)


def pick(rng: Generator, weights: Sequence[int], size: int) -> NDArray[np.int64]:
    """Draw ``size`` indexes with the given integer weights."""
    bounds = np.cumsum(np.asarray(weights, dtype=np.int64))
    draws = rng.integers(0, int(bounds[-1]), size=size, dtype=np.int64)
    return np.searchsorted(bounds, draws, side="right").astype(np.int64)


def apportion(total: int, weights: Sequence[int], *, at_least: int) -> list[int]:
    """Split ``total`` by weight into whole parts, by the largest remainder.

    Parameters
    ----------
    total
        What is split.
    weights
        One positive weight per part.
    at_least
        The smallest part; ``total`` must allow it.

    Returns
    -------
    list of int
        The parts, in the order of the weights; they add up to ``total``.

    Examples
    --------
    >>> apportion(10, [8, 1, 1], at_least=2)
    [5, 3, 2]
    """
    spare = total - at_least * len(weights)
    if spare < 0:
        raise ValueError(f"{total} cannot be split into {len(weights)} parts")
    whole = sum(weights)
    parts = [spare * weight // whole for weight in weights]
    order = sorted(
        range(len(weights)),
        key=lambda index: (-(spare * weights[index] % whole), index),
    )
    for index in order[: spare - sum(parts)]:
        parts[index] += 1
    return [part + at_least for part in parts]

"""Mutations of seeds, equal for equal seeds: fuzzing without a coverage tool."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["mutated", "words_of"]

LENGTH_MAX = 1 << 17
_PIECE_MAX = 200
_CHANGES_MAX = 8
_ODD = (
    b"",
    b"0",
    b"-1",
    b"9223372036854775808",
    b"99999999999999999999999999",
    b"1e9",
    b"NaN",
    b"1.2.3",
    b"1,2,3",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"\xe2\x80\xa8",
    b"\xd9\xa3",
    b"\r",
    b"\r\n\r\n",
    b"'",
    b"?",
    b"~",
    b"*",
    b"<",
    b"&",
    b"&#0;",
    b'"',
    b";",
    b"20260230",
)


def words_of(seeds: Sequence[bytes]) -> list[bytes]:
    """Return the words that seeds are made of."""
    found = {word for seed in seeds for word in re.findall(rb"[\w.,+-]{1,20}", seed)}
    return sorted(found)


def mutated(
    seeds: Sequence[bytes], words: Sequence[bytes], seed: int, number: int
) -> bytes:
    """Return input `number` of the run of `seed`: a seed with some changes."""
    chance = random.Random((seed << 40) + number)
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, _CHANGES_MAX)):
        _change(data, seeds, words, chance)
    return bytes(data[:LENGTH_MAX])


def _change(
    data: bytearray,
    seeds: Sequence[bytes],
    words: Sequence[bytes],
    chance: random.Random,
) -> None:
    at = chance.randint(0, len(data))
    end = min(len(data), at + chance.randint(0, _PIECE_MAX))
    kind = chance.randrange(9)
    if kind == 0:
        data[at : at + 1] = bytes([chance.randrange(256)])
    elif kind == 1:
        del data[at:end]
    elif kind == 2:
        to = chance.randint(0, len(data))
        data[to:to] = data[at:end]
    elif kind == 3:
        other = chance.choice(seeds)
        start = chance.randint(0, len(other))
        data[at:at] = other[start : start + chance.randint(0, _PIECE_MAX)]
    elif kind in (4, 5):
        text = chance.choice(_ODD if kind == 4 or not words else words)
        word = re.compile(rb"[\w.,+-]*").match(data, at)
        data[at : word.end() if word else at] = text
    elif kind == 6:
        lines = bytes(data).splitlines(keepends=True) or [b""]
        one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[two] = lines[two], lines[chance.choice((one, two))]
        data[:] = b"".join(lines)
    elif kind == 7:
        data[at:end] = bytes(data[at:end]) * chance.choice((2, 10, 100))
    elif chance.random() < 0.3:
        del data[at:]
    else:
        digit = re.compile(rb"[0-9]").search(data, at)
        if digit:
            data[digit.start()] = ord("0") + chance.randrange(10)

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloc.demo.business_days import business_days, easter
from alloc.demo.streams import apportion, integers, pick, stream


def test_each_purpose_has_its_own_stream() -> None:
    first = integers(stream(1, "amounts"), 0, 10**9, 5).tolist()
    assert first == integers(stream(1, "amounts"), 0, 10**9, 5).tolist()
    assert first != integers(stream(1, "dates"), 0, 10**9, 5).tolist()
    assert first != integers(stream(2, "amounts"), 0, 10**9, 5).tolist()


def test_a_weight_of_zero_is_never_picked() -> None:
    drawn = pick(stream(1, "weights"), (0, 3, 0, 1), 4000)
    counts = [int((drawn == index).sum()) for index in range(4)]
    assert counts[0] == counts[2] == 0
    assert 2800 < counts[1] < 3200


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(1, 500), min_size=1, max_size=30),
    st.integers(0, 5),
)
def test_parts_add_up_to_the_whole(
    spare: int, weights: list[int], at_least: int
) -> None:
    total = spare + at_least * len(weights)
    parts = apportion(total, weights, at_least=at_least)
    assert sum(parts) == total
    assert min(parts) >= at_least
    exact = [at_least + spare * weight / sum(weights) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


def test_too_little_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="3 cannot be split"):
        apportion(3, [1, 1], at_least=2)


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2038, date(2038, 4, 25)),
        (2285, date(2285, 3, 22)),
    ],
)
def test_easter_is_where_the_almanac_has_it(year: int, sunday: date) -> None:
    assert easter(year) == sunday


def test_banks_are_closed_on_weekends_and_holidays() -> None:
    days = business_days(date(2026, 4, 1), date(2026, 5, 4))
    assert date(2026, 4, 3) not in days, "Good Friday"
    assert date(2026, 4, 6) not in days, "Easter Monday"
    assert date(2026, 5, 1) not in days
    assert date(2026, 4, 4) not in days, "a Saturday"
    assert len(days) == 21

"""Numbers as readers get them."""

from __future__ import annotations

import math

import pytest

from preventeval.errors import OutputError
from preventeval.report.numbers import (
    decimals,
    round_count,
    round_percent,
    round_value,
    rounded_to,
    write_number,
)


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ((-45.2, -77.9, -12.4), (-45, -78, -12)),
        ((1894.3, 612.0, 3312.0), (1900, 600, 3300)),
        ((30.0, -1220.0, 1290.0), (30, -1220, 1290)),
        ((-7.4, -11.9, -0.6), (-7, -12, -1)),
        ((0.3, -0.4, 1.0), (0, 0, 1)),
        ((312.0, None, None), (310, None, None)),
    ],
)
def test_counts_keep_what_their_interval_can_bear(
    exact: tuple[float, float | None, float | None], shown: tuple[int, int | None, int | None]
) -> None:
    rounded = round_count(*exact)
    assert (rounded.value, rounded.low, rounded.high) == shown
    assert all(isinstance(number, int) for number in shown if number is not None)


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ((11.67, 3.61, 20.53), (12, 4, 21)),
        ((2.0, -2.8, 7.0), (2, -3, 7)),
        ((-1.26, -2.3, -0.2), (-1.3, -2.3, -0.2)),
        ((5.1, 0.42, 10.2), (5.1, 0.4, 10.2)),
        ((3.04, None, None), (3.0, None, None)),
        ((14.4, None, None), (14, None, None)),
    ],
)
def test_per_cents_are_whole_unless_the_interval_is_narrow(
    exact: tuple[float, float | None, float | None], shown: tuple[float, float | None, float | None]
) -> None:
    rounded = round_percent(*exact)
    assert (rounded.value, rounded.low, rounded.high) == shown


def test_values_keep_two_digits_of_their_interval() -> None:
    rounded = round_value(0.4217, 0.1234, 0.7101)
    assert (rounded.value, rounded.low, rounded.high) == (0.42, 0.12, 0.71)


@pytest.mark.parametrize(
    ("low", "high", "span"),
    [(-3.0, -1.0, "below"), (1.0, 3.0, "above"), (-1.0, 1.0, "across"), (None, None, "point")],
)
def test_the_span_is_that_of_the_exact_interval(low: float | None, high: float | None, span: str) -> None:
    for round_it in (round_count, round_percent, round_value):
        assert round_it(0.0, low, high).span == span


def test_an_end_that_is_not_zero_never_reads_as_zero() -> None:
    for round_it in (round_count, round_percent, round_value):
        rounded = round_it(40.0, 0.03, 80.0)
        assert rounded.span == "above"
        assert rounded.nearer > 0


def test_there_is_no_minus_zero() -> None:
    assert math.copysign(1, rounded_to(-0.04, 1)) == 1
    assert write_number(-0.004, 2, "en") == "0.00"
    assert write_number(-0.4, 0, "en") == "0"


def test_numbers_in_tables() -> None:
    assert write_number(1234567.0, 0, "en") == "1,234,567"
    assert write_number(-1.5, 2, "en") == "−1.50"
    assert write_number(None, 2, "en") == write_number(math.nan, 2, "en") == "–"


def test_decimals_show_so_many_digits_of_the_largest() -> None:
    assert decimals([0.0123, None, math.nan]) == 3
    assert decimals([123.0, 0.1]) == 0
    assert decimals([]) == decimals([0.0]) == 0


def test_a_number_without_interval_has_no_ends() -> None:
    with pytest.raises(OutputError, match="has no ends"):
        _ = round_count(3.0).nearer

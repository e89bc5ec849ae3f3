"""Charts: what they show, and that what they show is in the picture."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preventeval.report.chart_data import bar_chart, event_chart, forest_chart, line_chart
from preventeval.report.charts import bars_svg, event_svg, forest_svg, lines_svg, nice_ticks, thinned

SVG = "{http://www.w3.org/2000/svg}"


def pictures(made: ModuleType) -> list[str]:
    outcome = made.castle().primary
    lines, bars, forest = line_chart(outcome), bar_chart(outcome), forest_chart(outcome)
    events = event_chart(outcome, outcome.primary)
    assert lines is not None
    assert bars is not None
    assert forest is not None
    assert events is not None
    return [lines_svg(lines, "a"), bars_svg(bars, "b"), forest_svg(forest, "c"), event_svg(events, "d")]


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    long = colour if len(colour) == 7 else "#" + "".join(2 * letter for letter in colour[1:])
    parts = [int(long[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_chart_says_what_it_is(made: ModuleType) -> None:
    for picture in pictures(made):
        root = ET.fromstring(picture)
        assert root.get("role") == "img"
        named = (root.get("aria-labelledby") or "").split()
        texts = {
            element.get("id"): element.text
            for element in root
            if element.tag in {f"{SVG}title", f"{SVG}desc"}
        }
        assert list(texts) == named
        assert all(texts.values())


def test_everything_lies_within_the_picture(made: ModuleType) -> None:
    for picture in pictures(made):
        root = ET.fromstring(picture)
        _, _, width, height = map(float, (root.get("viewBox") or "").split())
        for element in root.iter():
            across = [float(element.get(name, 0)) for name in ("x", "x1", "x2", "cx")]
            down = [float(element.get(name, 0)) for name in ("y", "y1", "y2", "cy")]
            assert all(0 <= place <= width for place in across)
            assert all(0 <= place <= height for place in down)


def test_lines_and_marks_stand_out_from_white(made: ModuleType) -> None:
    # WCAG 2.2, 1.4.11 asks for 3:1; grid lines (#d0d5d9) carry no information of their own.
    for picture in pictures(made):
        for colour in set(re.findall(r'stroke="(#\w+)"', picture)) - {"#d0d5d9"}:
            assert 1.05 / (luminance(colour) + 0.05) >= 3


def test_text_is_large_enough(made: ModuleType) -> None:
    for picture in pictures(made):
        assert {int(size) for size in re.findall(r'font-size="(\d+)"', picture)} == {13}


def test_lines_break_where_nothing_is_known(made: ModuleType) -> None:
    outcome = made.castle().primary
    series = outcome.series.model_copy(update={"observed": [1.0, None, *outcome.series.observed[2:]]})
    chart = line_chart(outcome.model_copy(update={"series": series}))
    assert chart is not None
    path = re.search(r'<path d="(M[^"]*)" fill="none" stroke="#12436d"', lines_svg(chart, "a"))
    assert path is not None
    assert path[1].count("M") == 2


def test_the_forest_shows_methods_and_moved_starts_in_per_cent(made: ModuleType) -> None:
    chart = forest_chart(made.castle().primary)
    assert chart is not None
    assert [row.label for row in chart.rows] == [
        "CallawaySantAnna",
        "CallawaySantAnna, starts one year earlier",
        "CallawaySantAnna, starts one year later",
        "TwoWayFixedEffects",
        "HierarchicalCounts",
    ]
    # The check keeps log points: 0.019403 is 1.96 per cent; the tolerance is that of the printed digits.
    assert chart.rows[2].value == pytest.approx(100 * math.expm1(0.019403), abs=1e-9)
    assert [row.main for row in chart.rows] == [True, False, False, False, False]


def test_estimates_on_different_scales_are_not_drawn_on_one(made: ModuleType) -> None:
    rate = made.estimate(
        percent=None, overall=made.quantity(1.0, 0.5, 1.5, "rate", per=1000.0), method="Other"
    )
    assert forest_chart(made.outcome(others=[rate], findings=[])) is None


def test_what_is_missing_is_not_drawn(made: ModuleType) -> None:
    assert line_chart(made.outcome(series=None)) is None
    assert bar_chart(made.survey().primary) is None
    assert event_chart(made.outcome(), made.twfe()) is None


@given(
    low=st.floats(-1e7, 1e7),
    width=st.floats(1e-3, 1e7),
)
def test_ticks_are_few_even_and_enclose_the_range(low: float, width: float) -> None:
    high = low + width * max(1.0, abs(low))
    ticks = nice_ticks(low, high)
    step = ticks[1] - ticks[0]
    assert 2 <= len(ticks) <= 7
    # A millionth of a step: rounding of binary fractions, of numbers up to 1,000 times the range.
    assert ticks[0] <= low + 1e-6 * step
    assert ticks[-1] >= high - 1e-6 * step
    assert all(abs(b - a - step) <= 1e-6 * step for a, b in pairwise(ticks))


def test_counts_begin_at_zero() -> None:
    assert nice_ticks(7400, 8500, from_zero=True)[0] == 0


def test_a_range_of_one_value_has_ticks() -> None:
    assert len(nice_ticks(0.0, 0.0)) > 1
    assert len(nice_ticks(5.0, 5.0)) > 1


@pytest.mark.parametrize("count", [1, 12, 60, 120, 400])
def test_long_labels_are_thinned_to_years(count: int) -> None:
    labels = [f"{2010 + month // 12}-{month % 12 + 1:02d}" for month in range(count)]
    step = 622 / max(1, count - 1)
    shown = [position for position, _ in thinned(labels, step)]
    assert shown[0] == 0
    if count >= 60:
        assert all(labels[position].endswith("-01") for position in shown)
    gaps = [(b - a) * step for a, b in pairwise(shown)]
    assert min(gaps, default=99.0) > 28  # four digits of about 7 px


def test_numbered_periods_are_thinned_evenly() -> None:
    labels = [str(week) for week in range(260)]
    shown = [position for position, _ in thinned(labels, 622 / 259)]
    assert len({b - a for a, b in pairwise(shown)}) == 1

"""Charts as SVG: small, self-contained, readable without colour and by screen readers.

Each function takes chart data and a prefix that makes the ids on a page unique. Colours
keep 3:1 against white; shape, dash or label always tells the same as colour does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from preventeval.report.chart_data import BarChart, EventChart, ForestChart, Line, LineChart
from preventeval.report.numbers import decimals, write_number

__all__ = ["bars_svg", "event_svg", "forest_svg", "lines_svg", "nice_ticks", "thinned"]

_DARK, _ACCENT, _BAND, _GRID, _TEXT = "#12436d", "#801650", "#e6d0dc", "#d0d5d9", "#2b2f33"
_LIGHT = "#d7e1ea"
_WIDTH, _LEFT, _RIGHT, _TOP = 720, 66, 16, 44
_LETTER = 7.2  # width of a 13 px letter, roughly; generous, so that labels never touch


def lines_svg(chart: LineChart, prefix: str) -> str:
    """Draw observed and expected values by period, with the starts marked.

    Parameters
    ----------
    chart
        The chart data.
    prefix
        Makes ids unique on a page.

    Returns
    -------
    str
        An ``svg`` element.
    """
    height, bottom = 312, 286
    drawn = [
        v for line in (chart.observed, chart.expected, chart.low, chart.high) for v in line if v is not None
    ]
    ticks = nice_ticks(min(drawn), max(drawn), from_zero=chart.from_zero)
    y = _scale(ticks[0], ticks[-1], bottom, _TOP + 22)
    step = (_WIDTH - _LEFT - _RIGHT - 16) / max(1, len(chart.labels) - 1)
    x: Callable[[float], float] = lambda position: _LEFT + 8 + step * position  # noqa: E731
    parts = [_legend(chart), *_y_axis(ticks, y, chart.language)]
    for position, label in thinned(chart.labels, step):
        parts.append(_text(x(position), bottom + 20, label, anchor="middle"))
        parts.append(_line(x(position), bottom, x(position), bottom + 5, _TEXT))
    parts += _starts(chart, x, step, bottom)
    run: list[tuple[float, float, float]] = []
    for t, (low, high) in enumerate(zip((*chart.low, None), (*chart.high, None), strict=True)):
        if low is not None and high is not None:
            run.append((x(t), y(low), y(high)))
        else:  # a gap, or the end: what is missing is not bridged
            parts += _area(run)
            run = []
    parts += _path(chart.expected, x, y, _ACCENT, dash="7 4")
    parts += _path(chart.observed, x, y, _DARK)
    dots = [(x(t), y(value)) for t, value in enumerate(chart.observed) if value is not None]
    if step > 12:
        parts += [f'<circle cx="{at:.1f}" cy="{up:.1f}" r="3.5" fill="{_DARK}"/>' for at, up in dots]
    return _svg(chart.title, chart.description, prefix, (_WIDTH, height), parts)


def event_svg(chart: EventChart, prefix: str) -> str:
    """Draw effects by time since the start.

    Parameters
    ----------
    chart
        The chart data.
    prefix
        Makes ids unique on a page.

    Returns
    -------
    str
        An ``svg`` element.
    """
    height, bottom = 320, 262
    ends = [end for row in chart.rows for end in (row.value, row.low, row.high, row.band_low, row.band_high)]
    drawn = [end for end in ends if end is not None] + [chart.null]
    ticks = nice_ticks(min(drawn), max(drawn), most=8)
    y = _scale(ticks[0], ticks[-1], bottom, _TOP)
    span = max(1, chart.times[-1] - chart.times[0])
    step = (_WIDTH - _LEFT - _RIGHT - 40) / span
    x: Callable[[float], float] = lambda time: _LEFT + 20 + step * (time - chart.times[0])  # noqa: E731
    parts = [_text(4, 18, chart.y_label, bold=True), *_y_axis(ticks, y, chart.language)]
    parts += _area([(x(t), y(b[0]), y(b[1])) for t, b in _bands(chart)])
    parts.append(_line(_LEFT, y(chart.null), _WIDTH - _RIGHT, y(chart.null), _TEXT, width=1.5))
    if chart.times[0] < 0:
        parts.append(_line(x(-0.5), _TOP - 6, x(-0.5), bottom, _ACCENT, width=1.5, dash="3 3"))
    for position, label in thinned([write_number(time, 0, chart.language) for time in chart.times], step):
        parts.append(_text(x(chart.times[position]), bottom + 20, label, anchor="middle"))
    for time, row in zip(chart.times, chart.rows, strict=True):
        if row.low is not None and row.high is not None:
            parts.append(_line(x(time), y(row.low), x(time), y(row.high), _DARK, width=2))
        fill = "#fff" if row.reference or row.few else _DARK
        parts.append(
            f'<circle cx="{x(time):.1f}" cy="{y(row.value):.1f}" r="4.5" fill="{fill}" '
            f'stroke="{_DARK}" stroke-width="2"/>'
        )
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, height - 12, chart.x_label, anchor="middle"))
    return _svg(chart.title, chart.description, prefix, (_WIDTH, height), parts)


def forest_svg(chart: ForestChart, prefix: str) -> str:
    """Draw estimates one below the other.

    Parameters
    ----------
    chart
        The chart data.
    prefix
        Makes ids unique on a page.

    Returns
    -------
    str
        An ``svg`` element.
    """
    left, row_height, top = 270, 34, 34
    bottom = top + row_height * len(chart.rows)
    height = bottom + 52
    drawn = [end for row in chart.rows for end in (row.value, row.low, row.high) if end is not None]
    ticks = nice_ticks(min(*drawn, chart.null), max(*drawn, chart.null))
    x = _scale(ticks[0], ticks[-1], left, _WIDTH - _RIGHT - 12)
    places = _places(ticks)
    parts = []
    for tick in ticks:
        parts.append(_line(x(tick), top, x(tick), bottom, _GRID))
        parts.append(_text(x(tick), bottom + 18, write_number(tick, places, chart.language), anchor="middle"))
    parts.append(_line(x(chart.null), top - 8, x(chart.null), bottom, _TEXT, width=1.5))
    parts.append(_text(x(chart.null), top - 14, chart.null_label, anchor="middle"))
    for index, row in enumerate(chart.rows):
        at = top + row_height * (index + 0.5)
        parts.append(_text(4, at + 4.5, row.label, bold=row.main))
        if row.low is not None and row.high is not None:
            parts.append(_line(x(row.low), at, x(row.high), at, _DARK, width=2))
            parts += [_line(x(end), at - 5, x(end), at + 5, _DARK, width=2) for end in (row.low, row.high)]
        if row.main:
            corner = f'x="{x(row.value) - 5.5:.1f}" y="{at - 5.5:.1f}"'
            parts.append(f'<rect {corner} width="11" height="11" fill="{_DARK}"/>')
        else:
            place = f'cx="{x(row.value):.1f}" cy="{at:.1f}"'
            parts.append(f'<circle {place} r="5" fill="#fff" stroke="{_DARK}" stroke-width="2"/>')
    parts.append(_text((left + _WIDTH - _RIGHT) / 2, height - 10, chart.x_label, anchor="middle"))
    return _svg(chart.title, chart.description, prefix, (_WIDTH, height), parts)


def bars_svg(chart: BarChart, prefix: str) -> str:
    """Draw incidents recorded and expected as two bars, the expected one with its interval.

    Parameters
    ----------
    chart
        The chart data.
    prefix
        Makes ids unique on a page.

    Returns
    -------
    str
        An ``svg`` element.
    """
    width, height, thick = 560, 112, 26
    most = max(v for v in (chart.observed, chart.expected, chart.high, 1.0) if v is not None)
    x = _scale(0.0, most, 1, 0.6 * width)
    rows = (
        (chart.observed_label, chart.observed, 0, _DARK, ""),
        (chart.expected_label, chart.expected, chart.places, _LIGHT, chart.range_label),
    )
    parts = []
    for index, (label, value, places, fill, more) in enumerate(rows):
        top = 20 + index * 60
        size = f'width="{x(value) - 1:.1f}" height="{thick}"'
        parts.append(_text(0, top - 6, label))
        parts.append(f'<rect x="1" y="{top}" {size} fill="{fill}" stroke="{_DARK}" stroke-width="1.5"/>')
        end = x(max(value, chart.high or 0.0) if index else value) + 10
        number = escape(write_number(value, places, chart.language))
        behind = f" {escape(more)}" if more else ""
        parts.append(
            f'<text x="{end:.1f}" y="{top + 18}"><tspan font-weight="700">{number}</tspan>{behind}</text>'
        )
    if chart.low is not None and chart.high is not None:
        low, high, middle = x(max(0.0, chart.low)), x(chart.high), 80 + thick / 2
        parts.append(_line(low, middle, high, middle, _ACCENT, width=3))
        parts += [_line(end, middle - 7, end, middle + 7, _ACCENT, width=3) for end in (low, high)]
    return _svg(chart.title, chart.description, prefix, (width, height), parts)


def nice_ticks(low: float, high: float, *, from_zero: bool = False, most: int = 6) -> list[float]:
    """Round numbers that enclose a range, evenly spaced.

    Parameters
    ----------
    low, high
        The range.
    from_zero
        Begin at zero where all values are positive and zero is not far off.
    most
        Number of ticks that is not exceeded.

    Returns
    -------
    list of float

    Examples
    --------
    >>> nice_ticks(3.1, 17.8)
    [0.0, 5.0, 10.0, 15.0, 20.0]
    """
    if from_zero and low > 0:
        low = 0.0
    if high <= low:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    spans = [
        (factor * power, math.floor(low / (factor * power) + 1e-9), math.ceil(high / (factor * power) - 1e-9))
        for factor in (1, 2, 2.5, 5, 10, 20)
    ]
    step, first, last = next(span for span in spans if span[2] - span[1] < most)
    return [round(k * step, 10) + 0.0 for k in range(first, last + 1)]


def thinned(labels: Sequence[str], step: float) -> list[tuple[int, str]]:
    """Choose the labels that fit beside each other, at a regular distance.

    Parameters
    ----------
    labels
        All labels, in order.
    step
        Distance between neighbours, in px.

    Returns
    -------
    list of (int, str)
        Position and text. Of many months or quarters, the first of a year, with the year.

    Examples
    --------
    >>> thinned(["2020-10", "2020-11", "2020-12", "2021-01"], 100)[-1]
    (3, '2021-01')
    """
    every = math.ceil((max(map(len, labels)) * _LETTER + 12) / max(step, 1e-9))
    if every <= 1:
        return list(enumerate(labels))
    years = [t for t, label in enumerate(labels) if len(label) == 7 and label.endswith(("-01", "-Q1"))]
    if len(years) > 1:
        some = math.ceil((4 * _LETTER + 12) / (step * (years[1] - years[0])))
        return [(t, labels[t][:4]) for t in years[::some]]
    nice = next((n for n in (2, 3, 4, 5, 6, 10, 12, 20, 24, 26, 50, 52, 100) if n >= every), every)
    return [(t, labels[t]) for t in range(0, len(labels), nice)]


def _bands(chart: EventChart) -> Iterable[tuple[int, tuple[float, float]]]:
    for time, row in zip(chart.times, chart.rows, strict=True):
        if row.band_low is not None and row.band_high is not None:
            yield time, (row.band_low, row.band_high)
        elif row.reference:
            yield time, (row.value, row.value)


def _starts(chart: LineChart, x: Callable[[float], float], step: float, bottom: float) -> list[str]:
    """A dotted line for every start, with the number of units; numbers that would touch are left out."""
    if not chart.starts:
        return []
    parts = [_text(4, _TOP + 2, chart.starts_label)]
    taken = 4 + len(chart.starts_label) * _LETTER
    for position, count in chart.starts:
        at = x(position) - step / 2
        parts.append(_line(at, _TOP + 10, at, bottom, _TEXT, dash="2 4"))
        label = write_number(count, 0, chart.language)
        if at - len(label) * _LETTER / 2 > taken + 4:
            parts.append(_text(at, _TOP + 2, label, anchor="middle", bold=True))
            taken = at + len(label) * _LETTER / 2
    return parts


def _legend(chart: LineChart) -> str:
    second = 60 + len(chart.observed_label) * _LETTER
    return "".join(
        (
            _line(4, 14, 38, 14, _DARK, width=2.5),
            f'<circle cx="21" cy="14" r="3.5" fill="{_DARK}"/>',
            _text(44, 18.5, chart.observed_label),
            f'<rect x="{second:.0f}" y="6" width="34" height="16" fill="{_BAND}"/>',
            _line(second, 14, second + 34, 14, _ACCENT, width=2.5, dash="7 4"),
            _text(second + 40, 18.5, chart.expected_label),
        )
    )


def _y_axis(ticks: Sequence[float], y: Callable[[float], float], language: str) -> list[str]:
    places = _places(ticks)
    parts = []
    for tick in ticks:
        parts.append(_line(_LEFT, y(tick), _WIDTH - _RIGHT, y(tick), _GRID))
        parts.append(_text(_LEFT - 8, y(tick) + 4.5, write_number(tick, places, language), anchor="end"))
    return parts


def _places(ticks: Sequence[float]) -> int:
    """Decimals that tell neighbouring ticks apart."""
    step = ticks[1] - ticks[0]
    places = decimals([step], digits=1)
    return places if abs(round(step, places) - step) < 1e-9 else places + 1


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    slope = (end - start) / (high - low)
    return lambda value: start + slope * (value - low)


def _path(
    values: Line, x: Callable[[float], float], y: Callable[[float], float], colour: str, dash: str = ""
) -> list[str]:
    """Lines through the values, broken where one is missing."""
    steps, joined = [], False
    for position, value in enumerate(values):
        if value is not None:
            steps.append(f"{'L' if joined else 'M'}{x(position):.1f} {y(value):.1f}")
        joined = value is not None
    style = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        [f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="2.5"{style}/>']
        if steps
        else []
    )


def _area(points: Sequence[tuple[float, float, float]]) -> list[str]:
    """The area between a lower and an upper line, as (x, lower, upper)."""
    if not points:
        return []
    there = [f"{at:.1f} {low:.1f}" for at, low, _ in points]
    back = [f"{at:.1f} {high:.1f}" for at, _, high in reversed(points)]
    return [f'<path d="M{"L".join(there + back)}Z" fill="{_BAND}" stroke="{_ACCENT}" stroke-width="0.75"/>']


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str = ""
) -> str:
    style = f' stroke-dasharray="{dash}"' if dash else ""
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{colour}" stroke-width="{width}"{style}/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place}{weight}>{escape(words)}</text>"


def _svg(title: str, description: str, prefix: str, size: tuple[int, float], parts: Iterable[str]) -> str:
    named = f"{prefix}-title {prefix}-desc"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]:.0f}" role="img" '
        f'aria-labelledby="{named}" font-family="system-ui, sans-serif" font-size="13" fill="{_TEXT}">'
        f'<title id="{prefix}-title">{escape(title)}</title>'
        f'<desc id="{prefix}-desc">{escape(description)}</desc>{"".join(parts)}</svg>'
    )

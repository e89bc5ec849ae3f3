"""What a number measures, and how it may be restated."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from preventeval.errors import EstimationError
from preventeval.scale import AVERTED, INCIDENTS, LOG_POINTS, LOG_RATE_RATIO, VALUE, Scale, rate

LOGS = [LOG_POINTS, LOG_RATE_RATIO]
LINEAR = [INCIDENTS, VALUE, AVERTED, rate(1000)]
VALUES = np.linspace(-3, 3, 31)


@pytest.mark.parametrize("scale", LOGS, ids=lambda scale: scale.name)
def test_restating_by_hand(scale: Scale) -> None:
    effect = np.log([0.8, 1.0, 1.25])
    # rtol: one exponential and one subtraction away from the exact numbers
    np.testing.assert_allclose(scale.as_percent().show(effect), [-20, 0, 25], rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(scale.as_ratio().show(effect), [0.8, 1.0, 1.25], rtol=1e-14)
    assert scale.show(effect) is effect


@pytest.mark.parametrize("scale", [shown for s in LOGS for shown in (s, s.as_percent(), s.as_ratio())])
def test_restating_is_monotone_and_its_slope_is_its_derivative(scale: Scale) -> None:
    assert (np.diff(scale.show(VALUES)) > 0).all()
    step = 1e-6
    numeric = (scale.show(VALUES + step) - scale.show(VALUES - step)) / (2 * step)
    # rtol: a central difference with this step is good to about 1e-9 relative to the values
    np.testing.assert_allclose(scale.slope(VALUES), numeric, rtol=1e-7)


@pytest.mark.parametrize("scale", [*LOGS, *LINEAR], ids=lambda scale: scale.base)
def test_no_change_is_shown_as_the_null(scale: Scale) -> None:
    versions = [scale, scale.as_percent(), scale.as_ratio()] if scale.is_log else [scale]
    for shown in versions:
        assert shown.show(np.zeros(1))[0] == shown.null


def test_names() -> None:
    assert [s.name for s in (*LOGS, *LINEAR)] == [
        "log_points", "log_rate_ratio", "incidents", "value", "averted", "rate"
    ]  # fmt: skip
    assert (LOG_POINTS.as_percent().name, LOG_POINTS.as_ratio().name) == ("percent", "rate_ratio")
    assert rate().per == 100_000


def test_restating_twice_starts_from_the_base() -> None:
    assert LOG_POINTS.as_percent().as_ratio() == LOG_POINTS.as_ratio()


@pytest.mark.parametrize("scale", LINEAR, ids=lambda scale: scale.base)
def test_a_difference_is_not_a_percentage(scale: Scale) -> None:
    words = {"value": "the outcome's own unit", "averted": "incidents averted", "rate": "a rate"}
    named = words.get(scale.base, scale.base)
    with pytest.raises(EstimationError, match=f"an effect in {named} cannot be restated as a percent"):
        scale.as_percent()
    with pytest.raises(EstimationError, match=r"hint: a percentage of incidents comes with the incidents"):
        scale.as_ratio()


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        INCIDENTS.base = "rate"  # type: ignore[misc]

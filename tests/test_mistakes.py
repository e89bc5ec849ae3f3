"""Plain mistakes get an error of the package that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import preventeval as pe
from preventeval import plot, sensitivity
from preventeval.errors import PreventEvalError

DESIGN = pe.example_design()
FRAME = pe.simulate_programme(areas=12, treated=5, months=12)
ESTIMATE = pe.CallawaySantAnna().fit(DESIGN)
ESTIMATORS = (
    "CallawaySantAnna",
    "HierarchicalCounts",
    "ImputationDiD",
    "LinearDiD",
    "PoissonDiD",
    "SunAbraham",
    "TwoWayFixedEffects",
)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_takes_a_design(name: str) -> None:
    with pytest.raises(PreventEvalError, match=rf"{name}\(\).fit\(\) takes a StudyDesign, .* a DataFrame"):
        getattr(pe, name)().fit(FRAME)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"estimator": pe.PoissonDiD}, r"the class PoissonDiD: [^!]*add brackets: PoissonDiD\(\)"),
        ({"estimator": "PoissonDiD"}, r"the text 'PoissonDiD': expected an estimator"),
        ({"also": [pe.SunAbraham]}, r"also\[0\] is the class SunAbraham"),
        ({"also": pe.SunAbraham()}, r"also= takes a list"),
        ({"secondary": DESIGN}, r"secondary= takes a list"),
        ({"labels": "robberies"}, r"labels= takes a list"),
    ],
)
def test_evaluate_says_what_it_takes(options: dict[str, Any], says: str) -> None:
    with pytest.raises(PreventEvalError, match=says):
        pe.evaluate(DESIGN, **options)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda: pe.evaluate(FRAME, estimator=pe.PoissonDiD()), "takes a StudyDesign, and was given a DataF"),
        (lambda: pe.adjust_family(DESIGN), "takes an estimate, and was given a StudyDesign"),
        (lambda: sensitivity.goodman_bacon(ESTIMATE), "an EffectEstimate\n  hint: .*estimate.recipe.design"),
        (lambda: sensitivity.treated_weights(ESTIMATE), "takes a StudyDesign"),
        (lambda: plot.goodman_bacon(DESIGN), "draws a table of comparisons, and was given a StudyDesign"),
        (lambda: plot.event_study(DESIGN), "cannot draw a StudyDesign"),
        (lambda: plot.observed_expected(ESTIMATE), "cannot draw an? EffectEstimate"),
        (lambda: plot.forest(ESTIMATE), "draws a list of estimates"),
        (lambda: plot.forest([DESIGN]), "takes an estimate"),
        (lambda: plot.cohorts(DESIGN), "takes an estimate"),
        (lambda: plot.cumulative_averted(DESIGN), "takes an estimate"),
        (lambda: ESTIMATE.by_event_time(balanced="3"), "balanced='3': expected a whole number"),
        (lambda: ESTIMATE.within("0", "3"), "earliest='0': expected a whole number"),
        (lambda: ESTIMATE.by_event_time(balanced=300), "the last is 23"),
        (lambda: ESTIMATE.averted(by="units"), "they are by 'cohort', 'period', 'event_time'; .* 'overall'"),
        (ESTIMATE.pre_test, r"by_event_time\(\).within\(-6, -1\).pre_test\(\)"),
        (lambda: pe.ImputationDiD(leave_out="no"), "leave_out='no' is not known: choose one of True, False"),
        (lambda: pe.PoissonDiD(regions=3), "regions=3: expected the name of a column"),
    ],
)
def test_a_mistake_is_named(mistake: Callable[[], Any], says: str) -> None:
    with pytest.raises(PreventEvalError, match=says):
        mistake()


@pytest.mark.parametrize("check", sorted(sensitivity.CHECKS))
def test_a_check_takes_an_estimate(check: str) -> None:
    with pytest.raises(
        PreventEvalError, match=rf"{check}\(\) takes an estimate, and was given a StudyDesign"
    ):
        sensitivity.CHECKS[check](DESIGN, 0.95)  # type: ignore[arg-type]

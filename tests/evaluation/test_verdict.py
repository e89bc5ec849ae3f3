"""The verdict: a written rule, so that whoever signs the report cannot choose the verb."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.evaluation.verdict import verdict_of
from preventeval.scale import LOG_POINTS
from preventeval.sensitivity import Finding
from preventeval.uncertainty import Covariance
from preventeval.words import Message


def estimate(effect: float, se: float = 0.05, *, treated: int = 12, aim: str = "reduce") -> EffectEstimate:
    """A one-row estimate made by hand over a real design."""
    frame = pe.simulate_programme(areas=24, treated=treated, months=12)
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    design = pe.StudyDesign(
        panel, outcome="incidents", treated_from="programme_start", measure="log_rate", aim=aim
    )
    return EffectEstimate(
        effect=np.array([effect]),
        labels=pd.DataFrame(index=[0]),
        uncertainty=Covariance(np.array([[se**2]])),
        scale=LOG_POINTS,
        recipe=Recipe(design, pe.CallawaySantAnna()),
        of="overall",
        post=np.array([True]),
    )


def found(check: str, verdict: str) -> Finding:
    return Finding(check, verdict, Message("finding-could-not-run", {"reason": "made up"}))


def weak(check: str) -> Finding:
    return found(check, "weakens")


GOOD = [found("pre_trends", "supports"), found("placebo_in_time", "supports")]


@pytest.mark.parametrize(
    ("effect", "aim", "direction", "wanted"),
    [
        (-0.3, "reduce", "fall", True),
        (0.3, "reduce", "rise", False),
        (0.3, "increase", "rise", True),
        (-0.3, "increase", "fall", False),
        (0.05, "reduce", "unclear", None),
        (-0.05, "increase", "unclear", None),
    ],
)
def test_direction_and_whether_it_was_wanted(
    effect: float, aim: str, direction: str, wanted: bool | None
) -> None:
    verdict = verdict_of(estimate(effect, aim=aim), [], GOOD)
    assert (verdict.direction, verdict.wanted) == (direction, wanted)
    assert verdict.certainty == "moderate"


@pytest.mark.parametrize("check", ["pre_trends", "placebo_in_time", "leave_one_out"])
def test_each_failed_check_takes_one_step(check: str) -> None:
    assert verdict_of(estimate(-0.3), [], [*GOOD, weak(check)]).certainty == "low"


def test_two_failed_checks_take_two_steps_and_there_is_a_floor() -> None:
    both = [weak("pre_trends"), weak("placebo_in_time")]
    assert verdict_of(estimate(-0.3), [], both).certainty == "very_low"
    assert verdict_of(estimate(-0.3), [], [*both, weak("leave_one_out")]).certainty == "very_low"


def test_the_dating_of_the_start_is_a_hinge_and_no_step() -> None:
    verdict = verdict_of(estimate(0.3), [], [*GOOD, weak("start_date")])
    assert verdict.certainty == "moderate"
    assert verdict.hinges == ["start_date"]


def test_few_treated_clusters_take_one_step() -> None:
    verdict = verdict_of(estimate(-0.3, treated=9), [], GOOD)
    assert verdict.certainty == "low"
    assert any(reason.key == "reason-few-treated" for reason in verdict.reasons)


def test_another_method_that_is_clear_the_other_way_takes_one_step() -> None:
    assert verdict_of(estimate(-0.3), [estimate(0.3)], GOOD).certainty == "low"
    # The same sign, or no clear sign, is no contradiction.
    assert verdict_of(estimate(-0.3), [estimate(-0.1), estimate(0.05)], GOOD).certainty == "moderate"


def test_a_computation_that_failed_its_own_check_goes_to_the_floor() -> None:
    red = {"gates": ({"name": "r_hat", "verdict": "red", "value": 1.2, "limit": 1.05},)}
    broken = EffectEstimate(**{**vars(estimate(-0.3)), "diagnostics": red})
    assert verdict_of(broken, [], GOOD).certainty == "very_low"
    # Nor may it speak against another method.
    opposite = EffectEstimate(**{**vars(estimate(0.3)), "diagnostics": red})
    assert verdict_of(estimate(-0.3), [opposite], GOOD).certainty == "moderate"


def test_with_fewer_than_four_treated_clusters_there_is_no_direction() -> None:
    verdict = verdict_of(estimate(-0.3, treated=3), [], GOOD)
    assert (verdict.direction, verdict.certainty, verdict.wanted) == ("unclear", "very_low", None)
    assert verdict.reasons[0].key == "reason-too-few-treated"


@pytest.mark.parametrize("findings", [[], [found("pre_trends", "could_not_run")], [weak("start_date")]])
def test_not_checking_takes_one_step(findings: list[Finding]) -> None:
    verdict = verdict_of(estimate(-0.3), [], findings)
    assert verdict.certainty == "low"
    assert "reason-not-checked" in [reason.key for reason in verdict.reasons]


def test_an_effect_without_an_interval_has_no_direction() -> None:
    verdict = verdict_of(estimate(-0.3, se=0.0), [], GOOD)
    assert verdict.direction == "unclear"
    assert verdict.reasons[0].key == "reason-no-interval"

"""Checks: each takes an estimate to a Finding, whatever method made the estimate."""

from preventeval.sensitivity.finding import (
    Check,
    Finding,
    conclusion,
    effect_message,
    failed_gates,
    of_counts,
    overall_of,
)
from preventeval.sensitivity.leave_one_out import leave_one_out
from preventeval.sensitivity.placebo_in_time import placebo_in_time
from preventeval.sensitivity.pre_trends import pre_trends
from preventeval.sensitivity.start_date import start_date
from preventeval.sensitivity.two_way_weights import (
    TwoWayWeights,
    goodman_bacon,
    treated_weights,
    two_way_weights,
)

__all__ = [
    "CHECKS",
    "DEFAULT_CHECKS",
    "Finding",
    "TwoWayWeights",
    "conclusion",
    "effect_message",
    "failed_gates",
    "goodman_bacon",
    "leave_one_out",
    "of_counts",
    "overall_of",
    "placebo_in_time",
    "pre_trends",
    "start_date",
    "treated_weights",
    "two_way_weights",
]

#: Every check by the name that specs and reports use; a new check is its file and a line here.
CHECKS: dict[str, Check] = {
    "pre_trends": pre_trends,
    "placebo_in_time": placebo_in_time,
    "leave_one_out": leave_one_out,
    "start_date": start_date,
    "two_way_weights": two_way_weights,
}

#: Checks that are run unless others are asked for. ``start_date`` is not among them: every
#: sharp effect moves with its dating, so it says something only where the dating is in doubt.
#: Nor is ``two_way_weights``: it is about one method, and says nothing of estimates by others.
DEFAULT_CHECKS = ("pre_trends", "placebo_in_time", "leave_one_out")

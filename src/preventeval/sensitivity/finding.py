"""What a check found: one type for every check."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd

from preventeval.design import StudyDesign
from preventeval.errors import EstimationError, PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.scale import LOG_RATE_RATIO
from preventeval.words import Message, Values, render

__all__ = [
    "TOO_FEW",
    "Check",
    "Finding",
    "Verdict",
    "as_fitted",
    "conclusion",
    "could_not_run",
    "direction",
    "effect_message",
    "failed_gates",
    "few_treated",
    "of_counts",
    "overall_of",
    "refitted",
    "require_gates",
    "treated_clusters",
]

#: With 1 to 3 treated clusters of 30 the usual tests reject 20 to 75 per cent where 5 are meant
#: (simulated here): with fewer than this the interval says nothing, and there is no answer.
TOO_FEW: Final = 4
Verdict = Literal["supports", "weakens", "not_informative", "could_not_run"]
#: A check takes an estimate and the probability of its intervals.
type Check = Callable[[EffectEstimate, float], Finding]


@dataclass(frozen=True, eq=False, repr=False)
class Finding:
    """The result of one check.

    Parameters
    ----------
    check
        Name of the check, such as ``"pre_trends"``.
    verdict
        ``"supports"`` or ``"weakens"`` the estimate, ``"not_informative"``, or
        ``"could_not_run"``.
    message
        What was found, in one or two sentences.
    table
        The numbers behind it.
    """

    check: str
    verdict: Verdict
    message: Message
    table: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def question(self) -> str:
        """What the check asks, in English."""
        return render(Message(f"question-{self.check.replace('_', '-')}"))

    @property
    def sentence(self) -> str:
        """What was found, in English."""
        return render(self.message)

    def __repr__(self) -> str:
        return f"Finding({self.check}: {self.verdict}. {self.sentence})"


def could_not_run(check: str, error: PreventEvalError) -> Finding:
    """Say that a check could not run, and why.

    Parameters
    ----------
    check
        Name of the check.
    error
        What stopped it.

    Returns
    -------
    Finding
    """
    return Finding(check, "could_not_run", Message("finding-could-not-run", {"reason": error.message}))


def effect_message(estimate: EffectEstimate, level: float) -> Message:
    """An effect with its interval and scale, to stand within a sentence.

    Parameters
    ----------
    estimate
        An estimate of one row.
    level
        Probability of the interval.

    Returns
    -------
    Message
        In per cent where the scale is logarithmic.
    """
    shown = estimate.as_percent() if estimate.scale.is_log else estimate
    value = float(shown.params.iloc[0])
    low, high = (float(end) for end in shown.conf_int(level).iloc[0])
    digits = 1 if shown.scale.shown == "percent" else _digits(high - low)
    values: Values = {"value": round(value, digits), "scale": shown.scale.name, "per": shown.scale.per or 0}
    if not math.isfinite(low + high):
        return Message("effect-without-interval", values)
    return Message("effect-with-interval", {**values, "low": round(low, digits), "high": round(high, digits)})


def _digits(width: float) -> int:
    """Decimals that show an interval of this width to two or three digits."""
    return 2 if not (math.isfinite(width) and width > 0) else max(0, 1 - math.floor(math.log10(width)))


def conclusion(estimate: EffectEstimate, level: float) -> int | None:
    """What the interval of a one-row estimate says.

    Parameters
    ----------
    estimate
        An estimate of one row.
    level
        Probability of the interval.

    Returns
    -------
    int or None
        -1 for a fall, 1 for a rise, 0 where the interval holds both; None where there is no
        interval.
    """
    low, high = estimate.conf_int(level).iloc[0]
    if not math.isfinite(low + high):
        return None
    return int(low > estimate.scale.null) - int(high < estimate.scale.null)


def direction(estimate: EffectEstimate | None, level: float) -> int:
    """Direction that an answer would name: -1 for a fall, 1 for a rise, 0 for none.

    Parameters
    ----------
    estimate
        An estimate of one row, or None where there is none.
    level
        Probability of the interval.

    Returns
    -------
    int
        0 as well where there is no interval.
    """
    return 0 if estimate is None else conclusion(estimate, level) or 0


def treated_clusters(design: StudyDesign) -> int:
    """Number of clusters with treated units."""
    return len(np.unique(design.clusters[design.ever_treated]))


def few_treated(design: StudyDesign) -> bool:
    """Whether too few clusters are treated for an interval to say anything."""
    return treated_clusters(design) < TOO_FEW


def as_fitted(estimate: EffectEstimate) -> EffectEstimate:
    """The estimate on its own scale, if it is what the estimator gave.

    A check compares it with refits, which are averaged in one way: an average of another
    kind would not be comparable.

    Raises
    ------
    EstimationError
        The estimate is an average made of what the estimator gave.
    """
    if estimate.aggregated:
        raise EstimationError(
            f"{estimate.method}: a check takes the estimate as it was fitted, not its averages",
            hint="give it what fit() returned",
        )
    return estimate.as_estimated()


def refitted(estimate: EffectEstimate, design: StudyDesign) -> EffectEstimate:
    """The overall effect of the same estimator on another design.

    Raises
    ------
    PreventEvalError
        It cannot be fitted, or its computation failed its own check.
    """
    again = estimate.refit(design)
    require_gates(again)
    return overall_of(again)


def require_gates(again: EffectEstimate) -> None:
    """Refuse a refit whose computation failed its own check.

    Raises
    ------
    EstimationError
        It did.
    """
    if failed_gates(again):
        raise EstimationError(f"{again.method}: the computation of a refit did not pass its own check")


def overall_of(estimate: EffectEstimate) -> EffectEstimate:
    """The overall effect that an answer rests on, one row.

    Of ratios of counts of whole cells, that of all incidents together: the average of their
    logarithms is off where cells hold few incidents (:meth:`EffectEstimate.in_total`).
    """
    if estimate.of == "overall":
        return estimate
    return estimate.in_total() if of_counts(estimate) else estimate.overall()


def of_counts(estimate: EffectEstimate) -> bool:
    """Whether effects are ratios of the counts of whole cells, each weighing by its incidents."""
    ratios = estimate.of == "cell" and estimate.scale.base == LOG_RATE_RATIO.base
    return ratios and "unit" not in estimate.labels


def failed_gates(estimate: EffectEstimate) -> bool:
    """Whether a check that the estimator made of its own computation is red."""
    return any(gate["verdict"] == "red" for gate in estimate.diagnostics.get("gates", ()))

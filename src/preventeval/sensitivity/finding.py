"""What a check found: one type for every check."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from preventeval.errors import PreventEvalError
from preventeval.estimate import EffectEstimate
from preventeval.words import Message, render

__all__ = ["Check", "Finding", "Verdict", "could_not_run", "effect_message", "excludes_null"]

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
    ends = shown.conf_int(level).iloc[0]
    digits = 1 if shown.scale.shown == "percent" else _digits(float(ends["upper"] - ends["lower"]))
    return Message(
        "effect-with-interval",
        {
            "value": round(value, digits),
            "low": round(float(ends["lower"]), digits),
            "high": round(float(ends["upper"]), digits),
            "scale": shown.scale.name,
            "per": shown.scale.per or 0,
        },
    )


def _digits(width: float) -> int:
    """Decimals that show an interval of this width to two or three digits."""
    return 2 if not (math.isfinite(width) and width > 0) else max(0, 1 - math.floor(math.log10(width)))


def excludes_null(estimate: EffectEstimate, level: float) -> bool:
    """Whether the interval of a one-row estimate lies on one side of "no change"."""
    low, high = estimate.conf_int(level).iloc[0]
    return bool(low > estimate.scale.null or high < estimate.scale.null)

"""Facts: everything that a report may say, as one versioned document.

An evaluation is turned into Facts once. Every page, table and sentence is rendered from
them and from nothing else, so that text and numbers cannot disagree and a saved file can
be rendered again in another language or layout. Numbers are not rounded here; the
functions that write sentences round.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from preventeval.errors import OutputError
from preventeval.words import Message

__all__ = [
    "SCHEMA",
    "ChartSeries",
    "DataFacts",
    "DesignFacts",
    "EffectRow",
    "EstimateFacts",
    "Facts",
    "FamilyFacts",
    "FamilyRow",
    "FindingFacts",
    "GateFacts",
    "GroupFacts",
    "OutcomeFacts",
    "ProgrammeFacts",
    "Quantity",
    "ReproduceFacts",
    "Sentence",
    "StartFacts",
    "SubgroupFacts",
    "VerdictFacts",
    "load_facts",
]

#: Effects of fewer treated units are marked in charts and tables: their intervals leave out most
#: of the variation between treated units.
FEW_UNITS: Final = 5
SCHEMA: Final = "preventeval/facts/1"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sentence(_Frozen):
    """A template of the message catalogue and its values."""

    key: str
    values: dict[str, str | int | float | Sentence] = Field(default_factory=dict)

    @classmethod
    def of(cls, message: Message) -> Sentence:
        """Keep a message, so that it can be written later and in other languages."""
        kept = {k: cls.of(v) if isinstance(v, Message) else v for k, v in message.values.items()}
        return cls(key=message.key, values=kept)

    @property
    def message(self) -> Message:
        """The sentence as the catalogues take it."""
        return Message(
            self.key, {k: v.message if isinstance(v, Sentence) else v for k, v in self.values.items()}
        )


class Quantity(_Frozen):
    """A number and its interval."""

    value: float
    low: float | None = Field(description="Lower end; null where the number has no interval.")
    high: float | None
    level: float = Field(description="Probability of the interval, such as 0.95.")
    kind: Literal["confidence", "credible"]
    scale: str = Field(
        description="percent, rate_ratio, incidents, rate, value, log_points or log_rate_ratio; "
        "incidents of a 'change' are more (positive) or fewer (negative) incidents in total."
    )
    per: float | None = Field(default=None, description="Exposure that a rate is given for.")


class EffectRow(_Frozen):
    """One row of a table of effects: by event time, cohort, period or unit.

    In per cent where the method estimates a logarithm; on the scale of ``overall`` elsewhere.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    band_low: float | None = None
    band_high: float | None = None
    reference: bool = Field(default=False, description="Set to zero by construction.")
    units: int | None = Field(default=None, description="Treated units that the effect rests on.")

    @property
    def few(self) -> bool:
        """Whether so few treated units stand behind the effect that its interval is too narrow."""
        return self.units is not None and self.units < FEW_UNITS


class ChartSeries(_Frozen):
    """Observed and expected outcome of the units that were treated, by period.

    ``expected`` starts at the first start of the programme; before it is null.
    """

    unit: Literal["incidents", "mean"] = Field(description="Totals of incidents, or means of the outcome.")
    labels: list[str]
    observed: list[float | None]
    expected: list[float | None]
    expected_low: list[float | None]
    expected_high: list[float | None]
    starts: list[int] = Field(description="Positions of the labels at which units started.")
    starts_count: list[int] = Field(description="How many units started there.")
    gaps: bool = Field(
        default=False, description="Whether some units lack some periods: each period is of those observed."
    )


class GateFacts(_Frozen):
    """A check of the computation itself, such as convergence."""

    name: str
    verdict: Literal["green", "amber", "red"]
    value: float | None
    limit: float | None


class EstimateFacts(_Frozen):
    """What one method says about one outcome."""

    method: str
    school: Literal["design_based", "model_based"]
    failed: str | None = Field(default=None, description="Why the method gave no estimate, if it did not.")
    overall: Quantity | None = Field(
        default=None, description="Average over treated unit-periods, on the scale it was estimated on."
    )
    in_total: bool = Field(
        default=False,
        description="Whether 'overall' and the rows are rate ratios of all incidents together (methods for "
        "counts), and not averages of logarithms.",
    )
    percent: Quantity | None = Field(default=None, description="Change in per cent of what was expected.")
    change: Quantity | None = Field(
        default=None, description="Incidents more (positive) or fewer (negative) than expected, in total."
    )
    expected: float | None = Field(default=None, description="Incidents expected without the programme.")
    probability_of_fall: float | None = Field(default=None, description="Posterior probability; else null.")
    by_event_time: list[EffectRow] = Field(default_factory=list)
    by_cohort: list[EffectRow] = Field(default_factory=list)
    by_unit: list[EffectRow] = Field(default_factory=list)
    gates: list[GateFacts] = Field(default_factory=list)
    notes: list[Sentence] = Field(default_factory=list)
    options: dict[str, Any] = Field(default_factory=dict)
    diagnostics: dict[str, float | int | str | None] = Field(default_factory=dict)
    references: list[str] = Field(default_factory=list)


class FindingFacts(_Frozen):
    """What one check found."""

    check: str = Field(description="pre_trends, placebo_in_time, leave_one_out, start_date, …")
    verdict: Literal["supports", "weakens", "not_informative", "could_not_run"]
    sentence: Sentence
    columns: list[str] = Field(default_factory=list)
    rows: list[list[str | float | int | None]] = Field(default_factory=list)


class VerdictFacts(_Frozen):
    """The answer in fixed categories; its wording is a function of them."""

    direction: Literal["fall", "rise", "unclear"] = Field(
        description="unclear: the interval holds both a fall and a rise."
    )
    certainty: Literal["high", "moderate", "low", "very_low"] = Field(
        description="GRADE ladder: 'reduced', 'probably reduced', 'may have reduced', 'very uncertain'."
    )
    wanted: bool | None = Field(
        description="Whether the direction is what the programme aims at; null if unclear."
    )
    reasons: list[Sentence] = Field(description="Why the certainty is what it is.")
    hinges: list[str] = Field(
        default_factory=list, description="Checks that the answer hangs on, such as start_date."
    )


class GroupFacts(_Frozen):
    """The effect in one subgroup of units, fitted on its own."""

    label: str
    n_treated: int | None = None
    n_comparison: int | None = Field(
        default=None, description="Units of the group that are never treated within the panel."
    )
    few: bool = Field(default=False, description="So few treated clusters that intervals say nothing.")
    overall: Quantity | None = Field(
        default=None, description="As in 'primary'; null where there is no estimate."
    )
    percent: Quantity | None = None
    change: Quantity | None = None
    small_base: bool = Field(default=False, description="Fewer than 30 incidents expected: no percentages.")
    failed: str | None = Field(default=None, description="Why the group has no effect, if it has none.")
    notes: list[Sentence] = Field(
        default_factory=list, description="What was decided in this group, and not in the whole."
    )


class SubgroupFacts(_Frozen):
    """Effects by a column that was declared before there were results, and whether they differ."""

    column: str
    groups: list[GroupFacts]
    differ: Literal["yes", "unclear", "unknown"] = Field(
        description="unclear: the groups may or may not differ; unknown: it could not be tested."
    )
    p_value: float | None = Field(default=None, description="Joint test that all groups are alike.")
    reason: str | None = Field(default=None, description="Why it could not be tested, if it could not.")


class FamilyRow(_Frozen):
    """The p-value of one outcome."""

    label: str
    p_value: float | None
    p_adjusted: float | None


class FamilyFacts(_Frozen):
    """P-values of all outcomes, adjusted for having looked at all of them."""

    method: Literal["romano_wolf", "holm"]
    rows: list[FamilyRow]


class OutcomeFacts(_Frozen):
    """Everything about one outcome."""

    name: str
    label: str = Field(description="Plural noun for the outcome, such as 'robberies'.")
    role: Literal["primary", "secondary"]
    aim: Literal["reduce", "increase"]
    measure: Literal["count", "rate", "log_rate", "value", "log"]
    counted: bool = Field(description="Whether there are incidents behind the outcome.")
    observed: float | None = Field(
        description="Incidents recorded in the treated unit-periods that the total covers."
    )
    small_base: bool = Field(description="Fewer than 30 incidents expected: no percentages.")
    since: str | None = Field(default=None, description="First period that the total of incidents covers.")
    until: str | None = Field(default=None, description="Last period that the total of incidents covers.")
    unestimated: int = Field(default=0, description="Treated unit-periods that no estimate covers.")
    primary: EstimateFacts
    others: list[EstimateFacts] = Field(default_factory=list)
    verdict: VerdictFacts
    findings: list[FindingFacts] = Field(default_factory=list)
    subgroups: list[SubgroupFacts] = Field(default_factory=list, description="By declared column.")
    series: ChartSeries | None = None


class StartFacts(_Frozen):
    """How many units started in a period."""

    label: str
    count: int
    units: list[str]


class DesignFacts(_Frozen):
    """Who was compared with whom, and when."""

    unit: str = Field(description="Column, and noun, of the units: 'state'.")
    n_units: int
    n_treated: int
    n_comparison: int = Field(description="Units never treated within the panel.")
    n_treated_cells: int = Field(description="Unit-periods in the programme.")
    starts: list[StartFacts]
    frequency: Literal["year", "quarter", "month", "week", "day", "integer"]
    first: str
    last: str
    n_periods: int
    comparison: Literal["never_treated", "not_yet_treated", "last_treated"]
    anticipation: int
    cluster: str | None
    n_clusters: int
    covariates: list[str]
    weighted: bool
    notes: list[Sentence] = Field(default_factory=list)


class ProgrammeFacts(_Frozen):
    """What was evaluated, for whom and by whom, as the spec says."""

    name: str
    place: str
    description: str = ""
    author: str = ""
    funder: str = ""
    contact: str = ""
    next_look: str = ""
    next_steps: list[str] = Field(default_factory=list)
    cautions: list[str] = Field(default_factory=list, description="What readers should be careful about.")


class DataFacts(_Frozen):
    """Where the numbers come from."""

    source: str
    fingerprint: str = Field(
        description="SHA-256 of the numbers, starts and clusters, the same in any row order."
    )
    n_cells: int
    n_missing: int
    statement: list[Sentence] = Field(default_factory=list, description="What intake says of the records.")


class ReproduceFacts(_Frozen):
    """What it takes to make the numbers again."""

    version: str
    python: str
    packages: dict[str, str]
    seed: int | None = Field(description="Of everything random; null where nothing is.")
    spec: str = Field(description="The spec file as it was read, or empty for an evaluation made in Python.")
    command: str


class Facts(_Frozen):
    """Everything that a report may say.

    Parameters
    ----------
    schema_version
        Name and number of the schema.
    created
        Date of the evaluation.
    level
        Probability of all intervals.
    programme
        What was evaluated, for whom and by whom.
    design
        Who was compared with whom, and when.
    data
        Where the numbers come from.
    outcomes
        The primary outcome first.
    family
        P-values adjusted for the number of outcomes; None where there is one, or no p-value.
    reproduce
        What it takes to make the numbers again.
    """

    schema_version: Literal["preventeval/facts/1"] = SCHEMA
    created: dt.date
    level: float
    programme: ProgrammeFacts
    design: DesignFacts
    data: DataFacts
    outcomes: list[OutcomeFacts] = Field(min_length=1, description="The primary outcome first.")
    family: FamilyFacts | None = Field(
        default=None, description="P-values of several outcomes, adjusted for their number."
    )
    reproduce: ReproduceFacts

    @property
    def primary(self) -> OutcomeFacts:
        """The primary outcome."""
        return self.outcomes[0]

    @property
    def gates_passed(self) -> bool:
        """Whether no computation failed its own check: of a main method, or of one beside it."""
        used = (e for o in self.outcomes for e in (o.primary, *o.others))
        return all(gate.verdict != "red" for estimate in used for gate in estimate.gates)

    def to_json(self) -> str:
        """The document as JSON text, keys in a fixed order."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load_facts(source: str | Path | Mapping[str, Any]) -> Facts:
    """Read saved Facts.

    Parameters
    ----------
    source
        Path of a ``facts.json``, or its content as a mapping.

    Returns
    -------
    Facts

    Raises
    ------
    OutputError
        No such file, one that cannot be read, no JSON, another schema version, or not Facts.
    """
    if isinstance(source, Mapping):
        content: Any = dict(source)
    else:
        try:
            content = json.loads(Path(source).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise OutputError(
                f"no saved results at {source}", hint="give the folder of a run, or its facts.json"
            ) from None
        except OSError as error:
            raise OutputError(
                f"{source} cannot be read: {error.strerror}",
                hint="give the folder of a run, or its facts.json",
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise OutputError(f"{source} is not a saved result: {error}") from None
    found = content.get("schema_version") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise OutputError(
            f"saved results of schema {found!r} cannot be read: expected {SCHEMA!r}",
            hint="run the evaluation again with this version",
        )
    try:
        return Facts.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OutputError(f"saved results are damaged: {where}: {first['msg']}") from None

"""What a spec can say: frozen models whose field descriptions become the JSON schema."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from preventeval.design import Aim, Comparison, Measure
from preventeval.sensitivity import CHECKS, DEFAULT_CHECKS
from preventeval.spec.places import Places
from preventeval.spec.problems import known_name
from preventeval.spec.registry import estimator_classes

__all__ = ["Document", "OutcomeSpec", "Spec"]


def _known_estimator(name: str) -> str:
    return known_name(name, estimator_classes(), what="estimator")


def _known_check(name: str) -> str:
    return known_name(name, CHECKS, what="check")


Text = Annotated[str, Field(min_length=1)]
EstimatorName = Annotated[str, AfterValidator(_known_estimator)]
CheckName = Annotated[str, AfterValidator(_known_check)]


def _each_once(columns: tuple[str, ...]) -> tuple[str, ...]:
    twice = [column for column, number in Counter(columns).items() if number > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' stands twice: name each column once")
    return columns


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProgrammeSpec(_Part):
    """What is evaluated, for whom and by whom; reports print it as it stands here."""

    name: Text = Field(description="Name of the programme.")
    place: str = Field(default="", description="City, region or country.")
    description: str = Field(default="", description="What the programme does, in one to three sentences.")
    author: str = Field(default="", description="Who made this evaluation.")
    funder: str = Field(default="", description="Who paid for the evaluation.")
    contact: str = Field(default="", description="Whom readers can ask.")
    next_look: str = Field(default="", description="When the results will be looked at again.")
    next_steps: tuple[Text, ...] = Field(default=(), description="What happens next, one sentence each.")
    cautions: tuple[Text, ...] = Field(
        default=(), description="What readers should be careful about, one sentence each."
    )


class IntakeSpec(_Part):
    """How records, one row per incident, are counted."""

    when: Text = Field(description="Column of the date of the incident.")
    by: str = Field(
        default="",
        description="Column of the kind of offence; without it all incidents are counted together.",
    )
    offences: dict[str, tuple[Text, ...]] = Field(
        default_factory=dict,
        description="Outcomes made of values of 'by', such as robbery = ['robbery', 'street robbery'].",
    )
    units: str = Field(
        default="",
        description="CSV file with one row per unit: the unit, and what is known about it (residents, start "
        "of the programme, district). Path relative to the spec.",
    )
    recorded: tuple[Text, Text] | None = Field(
        default=None,
        description="First and last day (or month) between which recording is complete in all units: only "
        "there does a unit and period without a record count as 0.",
    )
    recorded_file: str = Field(
        default="",
        description="In place of 'recorded': CSV file with the columns of the unit, first and last.",
    )
    identifier: str = Field(
        default="", description="Column that names the incident; repeated rows are counted once."
    )

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if self.recorded and self.recorded_file:
            raise ValueError("'recorded' and 'recorded_file' both say when recording was complete: keep one")
        return self


class DataSpec(_Part):
    """Where the numbers are, and which column is what."""

    file: str = Field(
        default="", description="CSV file with one row per unit and period. Path relative to the spec."
    )
    records: str = Field(
        default="",
        description="In place of 'file': CSV file with one row per incident. Path relative to the spec.",
    )
    unit: Text = Field(description="Column that names the unit (a precinct, a state).")
    period: str = Field(
        default="",
        description="Column of the period (2020, 2020-Q1, 2020-03 or 2020-03-15); with 'file' only.",
    )
    frequency: Literal["year", "quarter", "month", "week", "day", "integer"] | None = Field(
        default=None,
        description="Length of a period; needed with 'records', found from the data with 'file'.",
    )
    date_format: str = Field(
        default="", description="How dates are written if not like 2020-03-15, for example '%d/%m/%Y'."
    )
    exposure: str = Field(default="", description="Column of person-time at risk, such as residents.")
    covariates: tuple[Text, ...] = Field(
        default=(), description="Columns that may explain the outcome and that the programme cannot change."
    )
    weights: str = Field(default="", description="Column of sampling weights, one value per unit.")
    intake: IntakeSpec | None = Field(
        default=None, description="How records are counted; with 'records' only."
    )

    @property
    def source(self) -> str:
        """The data file as the spec names it."""
        return self.file or self.records

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.file) == bool(self.records):
            raise ValueError(
                "'file' (one row per unit and period) and 'records' (one row per incident) are both given: "
                "keep one"
                if self.file
                else "no data: give 'file' (one row per unit and period) or 'records' (one row per incident)"
            )
        if self.file and not self.period:
            raise ValueError("'period' is missing: the column of the period, which goes with 'file'")
        if self.file and self.intake:
            raise ValueError("[data.intake] goes with 'records'; a 'file' is counted already")
        if self.records and self.period:
            raise ValueError("'period' goes with 'file'; with 'records' say 'when' in [data.intake]")
        if self.records and not self.intake:
            raise ValueError("with 'records', a table [data.intake] must say 'when': the column of the date")
        if self.records and self.frequency in (None, "integer"):
            raise ValueError("with 'records', 'frequency' must be year, quarter, month, week or day")
        return self


class DesignSpec(_Part):
    """Who was in the programme from when, and against whom they are compared."""

    treated_from: Text = Field(
        description="Column with the first period in which each unit was in the programme; empty for units "
        "that never were."
    )
    comparison: Comparison = Field(
        default="not_yet_treated",
        description="not_yet_treated: units that have not started by then; never_treated: only units that "
        "never start; last_treated: the units that start last, where every unit starts.",
    )
    anticipation: int = Field(
        default=0, ge=0, description="Periods before the start in which behaviour may already have changed."
    )
    cluster: str = Field(
        default="", description="Column of groups of units whose errors may go together, such as districts."
    )
    subgroups: Annotated[tuple[Text, ...], AfterValidator(_each_once)] = Field(
        default=(),
        description="Columns with one value per unit, such as the kind of area: reports give the effect of "
        "each group and say whether groups differ. Named here, before there are results.",
    )


class OutcomeSpec(_Part):
    """What the programme may have changed."""

    name: Text = Field(description="Column of the outcome (with 'records': the name of the count).")
    role: Literal["primary", "secondary"] = Field(
        description="Exactly one outcome is primary: it is the one that the answer is about."
    )
    label: str = Field(
        default="", description="Plural noun for reports, such as 'robberies'; the name if left out."
    )
    aim: Aim = Field(default="reduce", description="Whether the programme wants to reduce or increase it.")
    measure: Measure | None = Field(
        default=None,
        description="count, rate (per exposure) or log_rate for incidents; value or log for other numbers. "
        "Left out, whole numbers are analysed as a rate where there is an exposure and as a count where not.",
    )
    counts: str = Field(
        default="",
        description="With measure value or log: column of the incidents behind the number, so that effects "
        "can be told in incidents. With count, rate or log_rate: the outcome itself, where incidents are "
        "weighted or shared out between units and need not be whole numbers.",
    )
    per: float = Field(default=100_000, gt=0, description="Exposure that rates are given for.")


class EstimationSpec(_Part):
    """How effects are estimated."""

    estimator: EstimatorName = Field(
        default="CallawaySantAnna", description="The method that gives the answer, for every outcome."
    )
    also: tuple[EstimatorName, ...] = Field(
        default=(), description="Methods to show beside it, for the primary outcome."
    )
    level: float = Field(default=0.95, gt=0, lt=1, description="Probability of all intervals.")
    seed: int = Field(default=20130419, ge=0, description="Seed of everything random.")
    options: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Options of the methods: one table for each, named after it."
    )

    @model_validator(mode="after")
    def _methods_once(self) -> Self:
        if len(set(self.also)) < len(self.also) or self.estimator in self.also:
            raise ValueError("a method stands twice in 'estimator' and 'also': name each once")
        return self


class ChecksSpec(_Part):
    """What is checked."""

    run: tuple[CheckName, ...] = Field(
        default=DEFAULT_CHECKS,
        description="Checks to run, in this order. Add 'start_date' where it is in doubt which period was "
        "the first (a sharp effect moves with its dating in any case), and 'two_way_weights' where a "
        "two-way fixed-effects regression is used or compared with.",
    )


def _one_primary(outcomes: tuple[OutcomeSpec, ...]) -> tuple[OutcomeSpec, ...]:
    primary = [outcome.name for outcome in outcomes if outcome.role == "primary"]
    if not primary:
        raise ValueError('no outcome is primary: say role = "primary" for the one that the answer is about')
    if len(primary) > 1:
        names = " and ".join(f"'{name}'" for name in primary)
        raise ValueError(f'{names} are primary: keep one, and say role = "secondary" for the others')
    twice = [name for name, number in Counter(outcome.name for outcome in outcomes).items() if number > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' stands twice: name each outcome once")
    return outcomes


class Document(_Part):
    """What stands in a spec file."""

    spec_version: Literal[1] = Field(description="Version of this format.")
    programme: ProgrammeSpec
    data: DataSpec
    design: DesignSpec
    outcomes: Annotated[tuple[OutcomeSpec, ...], AfterValidator(_one_primary)] = Field(
        min_length=1, description="One table [[outcomes]] for each outcome."
    )
    estimation: EstimationSpec = EstimationSpec()
    checks: ChecksSpec = ChecksSpec()

    @model_validator(mode="after")
    def _one_count_without_kinds(self) -> Self:
        intake = self.data.intake
        if intake and not intake.by and len(self.outcomes) > 1:
            raise ValueError(
                "several outcomes, but nothing tells their records apart: say 'by' in [data.intake], "
                "the column of the kind of offence"
            )
        return self


class Spec(Document):
    """A spec that was read from a file and has passed its checks; made by :func:`load_spec`."""

    path: Path = Field(description="Where it was read from.")
    text: str = Field(description="The file as it was read.")

    @property
    def folder(self) -> Path:
        """The folder that file names in the spec are relative to."""
        return self.path.parent

    @property
    def primary(self) -> OutcomeSpec:
        """The primary outcome."""
        return next(outcome for outcome in self.outcomes if outcome.role == "primary")

    def at(self, *keys: str | int) -> str:
        """Where something stands, for messages: ``evaluation.toml:4: design.treated_from``."""
        return Places(self.path, self.text).at(keys)

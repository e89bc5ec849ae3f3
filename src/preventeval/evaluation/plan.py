"""What is to be evaluated: the same plan whether it comes from a spec or from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from preventeval.design import StudyDesign
from preventeval.errors import DesignError
from preventeval.estimate import Estimator
from preventeval.report import ProgrammeFacts
from preventeval.sensitivity import CHECKS
from preventeval.spec import Spec, make_design, make_estimator, read_panel
from preventeval.words import Message

__all__ = ["OutcomePlan", "Plan", "plan_from_designs", "plan_from_spec"]


@dataclass(frozen=True, eq=False)
class OutcomePlan:
    """One outcome: its design, the noun that reports use, and further methods to show beside."""

    design: StudyDesign
    label: str
    role: str = "primary"
    also: tuple[Estimator, ...] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that an evaluation is made from. The primary outcome comes first."""

    outcomes: tuple[OutcomePlan, ...]
    estimator: Estimator
    checks: tuple[str, ...]
    level: float
    programme: ProgrammeFacts
    source: str = ""
    statement: tuple[Message, ...] = ()
    spec_text: str = ""
    command: str = ""


def plan_from_spec(spec: Spec) -> Plan:
    """Read the data that a spec names and lay out what it asks for.

    Parameters
    ----------
    spec
        A spec that has passed its checks.

    Returns
    -------
    Plan

    Raises
    ------
    DataError, DesignError, SpecError
        The data cannot be used, or do not allow what is asked for.
    """
    panel, statement = read_panel(spec)
    options = spec.estimation.options
    estimator = make_estimator(spec.estimation.estimator, options.get(spec.estimation.estimator, {}), spec)
    also = tuple(make_estimator(name, options.get(name, {}), spec) for name in spec.estimation.also)
    ordered = sorted(spec.outcomes, key=lambda outcome: outcome.role != "primary")
    outcomes = tuple(
        OutcomePlan(
            design=make_design(spec, panel, outcome),
            label=outcome.label or outcome.name,
            role=outcome.role,
            also=also if outcome.role == "primary" else (),
        )
        for outcome in ordered
    )
    return Plan(
        outcomes=outcomes,
        estimator=estimator,
        checks=tuple(spec.checks.run),
        level=spec.estimation.level,
        programme=ProgrammeFacts(**spec.programme.model_dump()),
        source=spec.data.source,
        statement=() if statement is None else statement.messages,
        spec_text=spec.text,
        command=f"preventeval run {spec.path.name} --out RESULTS",
    )


def plan_from_designs(
    designs: Sequence[StudyDesign],
    *,
    labels: Sequence[str],
    estimator: Estimator,
    also: Sequence[Estimator],
    checks: Sequence[str],
    level: float,
    programme: ProgrammeFacts,
) -> Plan:
    """Lay out an evaluation of designs that were made in Python, the primary one first."""
    unknown = [name for name in checks if name not in CHECKS]
    if unknown:
        raise DesignError(f"unknown check {unknown[0]!r}: choose from {', '.join(CHECKS)}")
    if len(labels) != len(designs):
        raise DesignError(f"{len(labels)} labels for {len(designs)} outcomes: one each is expected")
    pairs = zip(designs, labels, strict=True)
    outcomes = [OutcomePlan(design, label, role="secondary") for design, label in pairs]
    outcomes[0] = replace(outcomes[0], role="primary", also=tuple(also))
    return Plan(
        outcomes=tuple(outcomes),
        estimator=estimator,
        checks=tuple(checks),
        level=level,
        programme=programme,
        source="a table made in Python",
        command="preventeval.evaluate(design)",
    )

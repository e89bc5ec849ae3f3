"""What is to be evaluated: the same plan whether it comes from a spec or from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from preventeval.design import StudyDesign
from preventeval.errors import DesignError
from preventeval.estimate import Estimator
from preventeval.estimate.recipe import require_design, require_estimator
from preventeval.report import ProgrammeFacts
from preventeval.sensitivity import CHECKS
from preventeval.spec import Spec, load_spec, make_design, make_estimator, read_panel, require_counts
from preventeval.words import Message

__all__ = ["OutcomePlan", "Plan", "plan_from_designs", "plan_from_spec", "require_lists", "spec_of"]


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


def spec_of(study: object) -> Spec:
    """Read the spec that an evaluation was asked for by.

    Parameters
    ----------
    study
        A loaded spec or the path of one.

    Returns
    -------
    Spec

    Raises
    ------
    DesignError
        It is neither.
    SpecError
        There is no such file, or it cannot be carried out.
    """
    if isinstance(study, Spec):
        return study
    if not isinstance(study, str | os.PathLike):
        require_design(study, "evaluate()")
    return load_spec(study)  # type: ignore[arg-type]  # only designs are left, and they are not read


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
    for outcome in spec.outcomes:
        require_counts(spec, outcome, estimator)
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


def require_lists(**options: object) -> None:
    """Refuse a single thing where several are expected.

    Parameters
    ----------
    **options
        What was given, by the name of the parameter.

    Raises
    ------
    DesignError
        One of them is a text, or cannot be gone through.
    """
    for option, several in options.items():
        if isinstance(several, str) or not isinstance(several, Iterable):
            raise DesignError(
                f"{option}= takes a list, and was given a single {type(several).__name__}",
                hint=f"put it in brackets: {option}=[…]",
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
    for design in designs:
        require_design(design, "evaluate()")
    require_estimator(estimator, "estimator=")
    for position, one in enumerate(also):
        require_estimator(one, f"also[{position}]")
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

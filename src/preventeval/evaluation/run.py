"""evaluate: the only orchestrator. It reads like the way the data goes."""

from __future__ import annotations

import datetime as dt
import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from preventeval.design import StudyDesign
from preventeval.did import CallawaySantAnna
from preventeval.errors import DesignError, OutputError, PreventEvalError, PreventEvalWarning
from preventeval.estimate import EffectEstimate, Estimator, adjust_family
from preventeval.evaluation.describe import describe
from preventeval.evaluation.outcome import Attempt, OutcomeEvaluation
from preventeval.evaluation.plan import (
    OutcomePlan,
    Plan,
    plan_from_designs,
    plan_from_spec,
    require_lists,
    spec_of,
)
from preventeval.evaluation.subgroups import fit_subgroups
from preventeval.evaluation.tables import overall_table
from preventeval.report import Facts, ProgrammeFacts, headline, render_brief, render_technical
from preventeval.sensitivity import CHECKS, DEFAULT_CHECKS, Finding, overall_of
from preventeval.spec import Spec

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """A finished evaluation: estimates per outcome, findings, and what was decided.

    Made by :func:`evaluate`.

    Parameters
    ----------
    plan
        What was asked for.
    outcomes
        What became of each outcome, the primary one first.
    created
        Date of the evaluation.
    family
        P-values of all outcomes, adjusted for their number (:func:`preventeval.adjust_family`);
        None for a single outcome, and for credible intervals, which have none.
    """

    plan: Plan
    outcomes: tuple[OutcomeEvaluation, ...]
    created: dt.date
    family: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return f"Evaluation({self.plan.programme.name}: {self.answer})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self.answer)}</p>{self.estimate.overall()._repr_html_()}"

    @property
    def estimate(self) -> EffectEstimate:
        """The primary estimate of the primary outcome."""
        return self.outcomes[0].estimate

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks of the primary outcome found."""
        return self.outcomes[0].findings

    @cached_property
    def facts(self) -> Facts:
        """Everything that a report may say."""
        return describe(self.plan, self.outcomes, self.created, self.family)

    @property
    def answer(self) -> str:
        """The answer in one sentence, in English."""
        return str(headline(self.facts))

    def report(self, folder: str | Path, *, language: str = "en") -> tuple[Path, Path]:
        """Write the brief, the technical report, the Facts and the estimates.

        Parameters
        ----------
        folder
            Where to write; made if it is not there, and must be empty if it is.
        language
            Language of the pages.

        Returns
        -------
        tuple of Path
            The brief and the technical report.

        Raises
        ------
        OutputError
            The folder holds something already, or cannot be written to.
        """
        target = Path(folder)
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise OutputError(
                f"{target} is not empty", hint="give a new folder: results are never overwritten"
            )
        pages = {
            "brief.html": render_brief(self.facts, language),
            "technical.html": render_technical(self.facts, language),
            "facts.json": self.facts.to_json(),
            **self._tables(),
        }
        try:
            for name, text in pages.items():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise OutputError(f"cannot write to {target}: {os.strerror(error.errno or 0)}") from None
        return target / "brief.html", target / "technical.html"

    def _tables(self) -> dict[str, str]:
        """Every estimate as CSV, by the name of its file."""
        tables: dict[str, str] = {}
        for outcome in self.outcomes:
            name = re.sub(r"[^\w-]+", "-", f"{outcome.plan.design.outcome}-overall")
            tables[f"estimates/{name}.csv"] = _csv(overall_table(outcome, self.plan.level))
            for estimate in outcome.fitted:
                name = re.sub(r"[^\w-]+", "-", f"{estimate.recipe.design.outcome}-{estimate.method}")
                again = sum(path.startswith(f"estimates/{name}") for path in tables)
                path = f"estimates/{name}{f'-{again + 1}' if again else ''}.csv"
                tables[path] = _csv(estimate.tidy(self.plan.level))
            for groups in outcome.subgroups:
                effects, column = groups.effects, groups.fits.column
                if effects is not None:
                    name = re.sub(r"[^\w-]+", "-", f"{outcome.plan.design.outcome}-by-{column}")
                    tables[f"estimates/{name}.csv"] = _csv(effects.tidy(self.plan.level))
        return tables


def evaluate(
    study: str | os.PathLike[str] | Spec | StudyDesign,
    *,
    secondary: Sequence[StudyDesign] = (),
    labels: Sequence[str] | None = None,
    estimator: Estimator | None = None,
    also: Sequence[Estimator] = (),
    checks: Sequence[str] = DEFAULT_CHECKS,
    level: float = 0.95,
    name: str = "the programme",
    place: str = "",
    progress: Callable[[str], None] | None = None,
) -> Evaluation:
    """Evaluate a programme: estimate, check, and say how sure we are.

    Parameters
    ----------
    study
        Path of a spec file, a loaded spec, or the design of the primary outcome. A spec
        says everything itself; the other parameters go with a design.
    secondary
        Designs of further outcomes; reports call them secondary.
    labels
        Plural nouns for the outcomes in reports ("robberies"), the primary first. Left
        out, the names of the columns.
    estimator
        The primary method; :class:`~preventeval.CallawaySantAnna` if left out.
    also
        Methods to show beside it for the primary outcome. One that cannot be fitted is
        reported with the reason.
    checks
        Names of the checks to run, of those in ``preventeval.sensitivity.CHECKS``. Ask for
        ``start_date`` where it is in doubt which period was the first.
    level
        Probability of all intervals.
    name, place
        Of the programme, for reports.
    progress
        Called with a line of text before each step.

    Returns
    -------
    Evaluation

    Raises
    ------
    PreventEvalError
        The spec, the data or the design cannot be used, or the primary method gives no
        estimate.

    Examples
    --------
    >>> import preventeval as pe
    >>> evaluation = pe.evaluate(pe.example_design(), labels=["burglaries"], checks=["pre_trends"])
    >>> evaluation.findings[0].verdict
    'supports'
    """
    if isinstance(study, StudyDesign):
        require_lists(secondary=secondary, labels=labels or (), also=also, checks=checks)
        designs = [study, *secondary]
        plan = plan_from_designs(
            designs,
            labels=[design.outcome for design in designs] if labels is None else labels,
            estimator=CallawaySantAnna() if estimator is None else estimator,
            also=also,
            checks=checks,
            level=level,
            programme=ProgrammeFacts(name=name, place=place),
        )
    else:
        spec = spec_of(study)
        if secondary or also or labels is not None or estimator is not None:
            raise DesignError("a spec says itself which outcomes and methods to use: change the spec instead")
        plan = plan_from_spec(spec)
    say = progress or (lambda text: None)
    outcomes = tuple(_evaluate_outcome(outcome, plan, say) for outcome in plan.outcomes)
    return Evaluation(plan, outcomes, dt.datetime.now(tz=dt.UTC).date(), _family(outcomes))


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")


def _family(outcomes: Sequence[OutcomeEvaluation]) -> pd.DataFrame | None:
    """Adjusted p-values of several outcomes; None where there are none to adjust."""
    effects = [overall_of(outcome.estimate) for outcome in outcomes]
    if len(effects) < 2 or any(effect.interval_kind == "credible" for effect in effects):
        return None
    with warnings.catch_warnings():
        # The table says which method was used.
        warnings.simplefilter("ignore", PreventEvalWarning)
        return adjust_family(effects)


def _evaluate_outcome(outcome: OutcomePlan, plan: Plan, say: Callable[[str], None]) -> OutcomeEvaluation:
    say(f"{outcome.label}: {plan.estimator.name}")
    estimate = plan.estimator.fit(outcome.design)
    others = []
    for estimator in outcome.also:
        say(f"{outcome.label}: {estimator.name}")
        others.append(_attempt(estimator, outcome.design))
    findings = []
    for check in plan.checks:
        say(f"{outcome.label}: check {check.replace('_', ' ')}")
        findings.append(CHECKS[check](estimate, plan.level))
    subgroups = []
    for column in outcome.design.subgroups:
        say(f"{outcome.label}: groups by {column}")
        subgroups.append(fit_subgroups(estimate, column))
    return OutcomeEvaluation(outcome, estimate, tuple(others), tuple(findings), tuple(subgroups))


def _attempt(estimator: Estimator, design: StudyDesign) -> Attempt:
    """Fit a further method; that it cannot be fitted is a result too."""
    try:
        return Attempt(estimator.name, estimate=estimator.fit(design))
    except PreventEvalError as error:
        return Attempt(estimator.name, failed=error.message)

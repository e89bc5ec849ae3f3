"""``preventeval check``: check a spec and its data; estimate nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from preventeval.cli.group import GATE_FAILED

if TYPE_CHECKING:
    from preventeval.design import StudyDesign
    from preventeval.estimate import Estimator
    from preventeval.panel import Panel
    from preventeval.spec import Spec

__all__ = ["check"]

_MEASURES = {
    "count": "incidents",
    "rate": "incidents per {per:,.0f} {exposure}",
    "log_rate": "logarithm of the rate of incidents ({exposure})",
    "value": "the number as it is",
    "log": "logarithm of the number",
}
#: Beyond this ratio of large to small areas (the 90th to the 10th of 100) a note is made.
_FAR_APART = 3
_COMPARISONS = {
    "never_treated": "only units that never start",
    "not_yet_treated": "units that have not started by then, never treated units among them",
    "last_treated": "the units that start last, before they do",
}


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.pass_context
def check(ctx: click.Context, spec: Path) -> None:
    """Check SPEC and its data, and say what would be done; estimate nothing.

    Ends with 3 if too many records would be lost for counts to be trusted.
    """
    from preventeval.spec import load_spec, make_design, make_estimator, read_panel, require_counts

    loaded = load_spec(spec)
    panel, statement = read_panel(loaded)
    designs = [make_design(loaded, panel, outcome) for outcome in loaded.outcomes]
    main, *_ = [
        make_estimator(name, loaded.estimation.options.get(name), loaded)
        for name in (loaded.estimation.estimator, *loaded.estimation.also)
    ]
    for outcome in loaded.outcomes:
        require_counts(loaded, outcome, main)
    if statement is not None:
        click.echo(f"{statement.summary()}\n")
    for line in (*_data(loaded, panel), *_design(loaded, designs, main), *_plan(loaded)):
        click.echo(line)
    if statement is not None and statement.severity == "stop":
        click.echo("\nSettle what is marked 'stop' before you go on. Nothing was estimated.")
        ctx.exit(GATE_FAILED)
    click.echo(
        "\nThe spec and the data fit together. Nothing was estimated.\n"
        f"Next: preventeval run {spec} --out results"
    )


def _data(spec: Spec, panel: Panel) -> Iterator[str]:
    periods = panel.periods
    noun = "period" if periods.noun == "integer" else periods.noun
    yield (
        f"data        {spec.data.source}: {panel.n_units} units ({panel.unit}) × {panel.n_periods} {noun}s, "
        f"{periods.label(0)} to {periods.label(panel.n_periods - 1)}"
    )


def _outcomes(spec: Spec, designs: list[StudyDesign], main: Estimator) -> Iterator[str]:
    """A line for each outcome: what is measured, by the method that gives the answer."""
    from preventeval.spec import takes_counts

    for design, outcome in sorted(zip(designs, spec.outcomes, strict=True), key=lambda pair: pair[1].role):
        measure = _MEASURES[str(design.measure)].format(
            per=outcome.per, exposure=spec.data.exposure or "unit"
        )
        if takes_counts(main):
            exposed = f", with {spec.data.exposure} as exposure" if spec.data.exposure else ""
            measure = f"numbers of incidents{exposed}"
        label = (
            f"{outcome.label} ({outcome.name})" if outcome.label not in ("", outcome.name) else outcome.name
        )
        yield f"{outcome.role:<12}{label}: {measure}; the programme wants to {outcome.aim} it"


def _design(spec: Spec, designs: list[StudyDesign], main: Estimator) -> Iterator[str]:
    from preventeval.report.design_words import comparison

    yield from _outcomes(spec, designs, main)
    design = designs[spec.outcomes.index(spec.primary)]
    treated = design.ever_treated
    rest = "start last, and are compared with" if design.comparison == "last_treated" else "do not"
    yield f"treated     {treated.sum()} units start, {(~treated).sum()} {rest}"
    for start in design.cohorts:
        units = design.panel.units[design.cohort == start]
        named = ", ".join(str(unit) for unit in units[:6]) + (", …" if len(units) > 6 else "")
        yield f"            {design.panel.periods.label(int(start))}: {len(units)} ({named})"
    otherwise = comparison(main.name, design.comparison, staggered=len(design.cohorts) > 1)
    yield f"comparison  {otherwise or _COMPARISONS[design.comparison]}"
    if design.anticipation:
        yield f"            behaviour may change {design.anticipation} periods before the start"
    if design.cluster:
        yield f"clusters    {design.clusters.max() + 1} ({design.cluster})"
    for column in design.subgroups:
        groups = [
            f"{name} ({int(part.ever_treated.sum())} of {part.n_units} units start)"
            for name, part in design.split(column).items()
        ]
        yield f"subgroups   {column}: {', '.join(groups)}"
    empty = [design.panel.periods.label(int(t)) for t in np.flatnonzero(np.isnan(design.y).all(axis=0))]
    if empty:
        named = ", ".join(empty[:12]) + (", …" if len(empty) > 12 else "")
        yield f"note        no unit has a value of {design.outcome} in {named}"
    for note in dict.fromkeys(_notes(designs, main)):
        yield f"note        {note}"


def _notes(designs: list[StudyDesign], main: Estimator) -> Iterator[str]:
    """What was decided when designs were made, and what may be wrong with a count."""
    from preventeval.report.design_words import counted
    from preventeval.spec import takes_counts

    for design in designs:
        yield from (str(counted(note) if takes_counts(main) else note) for note in design.notes)
        if design.measure == "count" and not takes_counts(main) and _sizes_differ(design):
            yield (
                f"{design.outcome} is analysed as a number of incidents, and areas differ in size: without "
                "the programme, large and small ones are then taken to change by the same number; name an "
                'exposure in [data], or say estimator = "PoissonDiD"'
            )


def _sizes_differ(design: StudyDesign) -> bool:
    """Whether areas that are large in incidents have several times those of small ones, before any start."""
    before = design.y[:, : int(design.cohorts.min())]
    known = np.isfinite(before).any(axis=1)
    small, large = np.quantile(np.nanmean(before[known], axis=1), [0.1, 0.9])
    return bool(large > _FAR_APART * small)


def _plan(spec: Spec) -> Iterator[str]:
    methods = [spec.estimation.estimator, *(f"{name} (beside it)" for name in spec.estimation.also)]
    yield f"methods     {', '.join(methods)}"
    yield f"checks      {', '.join(spec.checks.run) or 'none'}"

"""``preventeval run``: evaluate a programme and write the reports."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from preventeval.cli.group import GATE_FAILED
from preventeval.cli.output import refuse_occupied, written_whole

__all__ = ["run"]


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--force", is_flag=True, help="Replace earlier results in that folder.")
@click.option("--json", "as_json", is_flag=True, help="Print answer and paths as JSON.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.pass_context
def run(ctx: click.Context, spec: Path, out: Path, force: bool, as_json: bool, quiet: bool) -> None:
    """Evaluate the programme that SPEC describes and write the reports.

    Results appear in the folder whole or not at all. Ends with 3 if a computation failed its
    own check, such as convergence: the results are written, and it is said which method it was
    and whether the answer rests on it.
    """
    refuse_occupied(out, force=force)
    from preventeval.evaluation import evaluate
    from preventeval.report.quantities import failed_gates

    started = time.monotonic()

    def say(text: str) -> None:
        if not quiet:
            click.echo(f"{time.monotonic() - started:4.0f} s  {text}", err=True)

    with written_whole(out) as folder:
        evaluation = evaluate(spec, progress=say)
        say("writing the reports")
        evaluation.report(folder)
    passed = evaluation.facts.gates_passed
    paths = {"brief": out / "brief.html", "technical": out / "technical.html", "facts": out / "facts.json"}
    if as_json:
        told = {"answer": evaluation.answer, **{k: str(v) for k, v in paths.items()}, "gates_passed": passed}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        click.echo(f"{evaluation.answer}\n\nbrief             {paths['brief']}")
        click.echo(f"technical report  {paths['technical']}")
    if not passed:
        for message in failed_gates(evaluation.facts):
            click.echo(str(message), err=True)
        click.echo("See the technical report.", err=True)
        ctx.exit(GATE_FAILED)

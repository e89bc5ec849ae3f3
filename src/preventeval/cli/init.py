"""``preventeval init``: write a commented spec and example data to start from."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import click

__all__ = ["init"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=".", metavar="[DIR]")
def init(folder: Path) -> None:
    """Write a commented spec, its JSON schema and example data into DIR (here if left out).

    The data are made up, with a known effect: burglaries fell by 20 per cent. Files that are
    there already are never overwritten.
    """
    from preventeval.errors import OutputError
    from preventeval.spec import spec_schema

    files = {
        "evaluation.toml": resources.files("preventeval.cli").joinpath("example.toml").read_text("utf-8"),
        "evaluation.schema.json": json.dumps(spec_schema(), ensure_ascii=False, indent=2) + "\n",
        "monthly.csv": _example_data(),
    }
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise OutputError(
            f"{folder.resolve()} holds {' and '.join(there)} already; nothing was written",
            hint="give another folder: preventeval init FOLDER",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from None
    for name in files:
        click.echo(folder / name)
    spec = folder / "evaluation.toml"
    click.echo(f"\nNext: preventeval check {spec}\n      preventeval run {spec} --out {folder / 'results'}")


def _example_data() -> str:
    """Monthly burglaries of made-up areas as CSV."""
    from preventeval.simulate import simulate_programme

    frame = (
        # What example.toml says about the data has to stay true.
        simulate_programme(effect=-0.20, areas=30, treated=12, months=36)
        .drop(columns="expected")
        .rename(columns={"incidents": "burglaries"})
    )
    for column in ("month", "programme_start"):
        frame[column] = frame[column].dt.strftime("%Y-%m")
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text

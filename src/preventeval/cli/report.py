"""``preventeval report``: write the pages of a finished evaluation again."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--language", default="en", show_default=True, help="Language of the pages.")
def report(results: Path, language: str) -> None:
    """Write brief.html and technical.html in the folder RESULTS again, from its facts.json.

    Nothing is estimated; use this after an update of the program, or for another language.
    """
    from preventeval.errors import OutputError
    from preventeval.report import load_facts, render_brief, render_technical

    facts = load_facts(results / "facts.json")
    pages = {
        "brief": (results / "brief.html", render_brief(facts, language)),
        "technical report": (results / "technical.html", render_technical(facts, language)),
    }
    for name, (path, text) in pages.items():
        partial = path.with_name(f".{path.name}.partial")
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from None
        click.echo(f"{name:<18}{path}")

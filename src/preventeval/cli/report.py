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

    RESULTS may also be the facts.json itself; the pages are then written beside it.

    Nothing is estimated; use this after an update of the program, or for another language.
    """
    from preventeval.errors import OutputError
    from preventeval.report import load_facts, render_brief, render_technical

    source = results if results.is_file() else results / "facts.json"
    facts = load_facts(source)
    pages = {
        "brief": (source.with_name("brief.html"), render_brief(facts, language)),
        "technical report": (source.with_name("technical.html"), render_technical(facts, language)),
    }
    for name, (path, text) in pages.items():
        partial = path.with_name(f".{path.name}.partial")
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from None
        click.echo(f"{name:<18}{path}")

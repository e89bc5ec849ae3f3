"""``preventeval models``: list the methods, or show the card of one."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

__all__ = ["models"]


@click.command()
@click.argument("name", required=False)
def models(name: str | None) -> None:
    """List the methods, each with what it is for, or show the card of one."""
    cards = _cards()
    if name is None:
        width = max(len(title) for title in cards)
        for title, text in cards.items():
            click.echo(f"{title:<{width}}  {_first_sentence(text)}")
        return
    plain = {_plain(title): title for title in cards}
    if _plain(name) not in plain:
        close = difflib.get_close_matches(_plain(name), plain, n=1)
        likely = f"did you mean '{plain[close[0]]}'?" if close else f"there is {', '.join(cards)}"
        raise click.UsageError(f"no method '{name}': {likely}")
    click.echo(cards[plain[_plain(name)]].rstrip())


def _cards() -> dict[str, str]:
    """Text of each model card by its title, which is the name of the method."""
    package = Path(__file__).parents[1]
    # An installed package carries the cards with it; a checkout has them at its top.
    folder = next(f for f in (package / "cards", package.parents[1] / "models") if f.is_dir())
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*/card.md"))]
    return {text.splitlines()[0].removeprefix("# ").strip(): text for text in texts}


def _first_sentence(card: str) -> str:
    """The first sentence below the title."""
    body = card.split("\n", 1)[1]
    paragraph = next(
        part for part in body.split("\n\n") if part.strip() and not part.lstrip().startswith("#")
    )
    return " ".join(paragraph.split()).split(". ")[0].rstrip(".") + "."


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")

"""On which line of a spec file a key stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["Key", "Places", "dotted"]

#: Names of tables and keys from the outside in, and positions in lists, from 0.
type Key = tuple[str | int, ...]

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TABLE = re.compile(rf"^\s*(?P<open>\[\[?)\s*(?P<path>{_PATH})\s*\]\]?\s*(?:#.*)?$")
_PAIR = re.compile(rf"^\s*(?P<path>{_PATH})\s*=")


@dataclass(frozen=True)
class Places:
    """Where the keys of a spec file stand.

    TOML parsers do not say on which line they found a key, so the lines are looked for in
    the text. What stands within a list or an inline table has the line of the whole.

    Parameters
    ----------
    path
        The file.
    text
        Its content. Lines of JSON are not known.
    """

    path: Path
    text: str

    @cached_property
    def lines(self) -> dict[Key, int]:
        """Line of each table and key, counted from 1."""
        found: dict[Key, int] = {}
        if self.path.suffix.lower() == ".json":
            return found
        table: Key = ()
        repeated: dict[Key, int] = {}
        quotes: str | None = None  # of the text over several lines that we are in
        for number, line in enumerate(self.text.splitlines(), start=1):
            if quotes is None:
                if match := _TABLE.match(line):
                    table = _resolve(_names(match["path"]), repeated)
                    if match["open"] == "[[":
                        base = tuple(part for part in table if isinstance(part, str))
                        repeated[base] = repeated.get(base, -1) + 1
                        found.setdefault(base, number)
                        table = (*base, repeated[base])
                    found.setdefault(table, number)
                elif match := _PAIR.match(line):
                    found.setdefault((*table, *_names(match["path"])), number)
            for mark in ('"""', "'''"):
                if quotes in (None, mark) and line.count(mark) % 2:
                    quotes = None if quotes else mark
        return found

    def line(self, key: Key) -> int | None:
        """Line of a key, or of the innermost table around it that has one; else None."""
        return next((self.lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.lines), None)

    def at(self, key: Key) -> str:
        """A key as messages name it: ``evaluation.toml:4: design.treated_from``."""
        line = self.line(key)
        return f"{self.path.name}{'' if line is None else f':{line}'}: {dotted(key)}"


def dotted(key: Key) -> str:
    """A key as people write it; list positions count from 1.

    Examples
    --------
    >>> dotted(("outcomes", 0, "name"))
    'outcomes[1].name'
    """
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".")


def _names(path: str) -> tuple[str, ...]:
    return tuple(re.sub(r"""^["']|["']$""", "", name) for name in re.findall(_NAME, path))


def _resolve(names: tuple[str, ...], repeated: dict[Key, int]) -> Key:
    """Names of a table header as a key: the last of each repeated table on the way is meant."""
    key: Key = ()
    for place, name in enumerate(names):
        key = (*key, name)
        if names[: place + 1] in repeated and place + 1 < len(names):
            key = (*key, repeated[names[: place + 1]])
    return key

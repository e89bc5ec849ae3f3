"""Results appear whole or not at all, and replace others only when that is asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from preventeval.errors import OutputError

__all__ = ["refuse_occupied", "written_whole"]

#: What :meth:`preventeval.evaluation.Evaluation.report` writes, besides tables in ``estimates``.
_RESULTS = frozenset({"brief.html", "technical.html", "facts.json"})


def refuse_occupied(target: Path, *, force: bool) -> None:
    """Refuse a folder whose content would be lost.

    Parameters
    ----------
    target
        Folder for results.
    force
        Whether earlier results may be replaced. Anything else never is.

    Raises
    ------
    OutputError
        The folder holds something that must stay.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{target} is a file: expected a folder for the results")
    try:
        names = {path.relative_to(target).as_posix() for path in target.rglob("*")}
    except OSError as error:
        raise OutputError(f"cannot read {target}: {error.strerror}") from None
    if not names:
        return
    others = sorted(name for name in names if not _is_result(name))
    if others:
        raise OutputError(
            f"{target} holds files that are no results of this program ({', '.join(others[:5])})",
            hint="give a new folder",
        )
    if not force:
        raise OutputError(
            f"{target} holds results already", hint="give a new folder, or --force to replace them"
        )


def _is_result(name: str) -> bool:
    """Whether a path within a folder of results is one that an evaluation writes."""
    folder, _, file = name.rpartition("/")
    return name in _RESULTS or name == "estimates" or (folder == "estimates" and file.endswith(".csv"))


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A folder to write into that takes the place of the target once everything is written.

    Parameters
    ----------
    target
        Folder for results, which :func:`refuse_occupied` has let pass.

    Yields
    ------
    Path
        An empty folder beside the target; it is removed if anything goes wrong. It is made
        at once, so that a place that cannot be written to is found before the work is done.

    Raises
    ------
    OutputError
        The folder cannot be made or moved.
    """
    final = target.resolve()
    partial, old = (final.with_name(f".{final.name}.{os.getpid()}.{end}") for end in ("partial", "old"))
    with _told(target):
        partial.mkdir(parents=True)
    try:
        yield partial
        with _told(target):
            if final.exists():
                final.rename(old)
            partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if old.exists() and not final.exists():
            old.rename(final)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Say of what the system refuses that the target cannot be written to."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to {target}: {error.strerror}") from None

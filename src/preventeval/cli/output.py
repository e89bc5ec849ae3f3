"""Results appear whole or not at all, and replace others only when that is asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from preventeval.errors import OutputError

__all__ = ["refuse_occupied", "written_whole"]


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
    names = sorted(path.name for path in target.iterdir())
    if not names:
        return
    if "facts.json" not in names:
        raise OutputError(
            f"{target} holds files that are no results of this program ({', '.join(names[:5])})",
            hint="give a new folder",
        )
    if not force:
        raise OutputError(
            f"{target} holds results already", hint="give a new folder, or --force to replace them"
        )


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
        An empty folder beside the target; it is removed if anything goes wrong.

    Raises
    ------
    OutputError
        The folder cannot be made or moved.
    """
    final = target.resolve()
    partial, old = (final.with_name(f".{final.name}.{os.getpid()}.{end}") for end in ("partial", "old"))
    try:
        partial.mkdir(parents=True)
        yield partial
        if final.exists():
            final.rename(old)
        partial.rename(final)
    except OSError as error:
        raise OutputError(f"cannot write to {target}: {error.strerror}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if old.exists() and not final.exists():
            old.rename(final)
        shutil.rmtree(old, ignore_errors=True)

"""Data a few units at a time: what fits into the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Part", "Rows", "in_chunks", "parts_of", "rows_of"]

Index = NDArray[np.int64]
Rows = slice | Index
#: How many numbers are made at a time (128 kB: a few such arrays stay in the processor's cache).
_CHUNK = 16_384
#: How many moments of groups may be held at a time (2 MB).
_MOST_MOMENTS = 250_000


def in_chunks(n: int, width: int) -> Iterator[slice]:
    """Rows of an array that wide, shape (n, width), a few at a time."""
    step = max(1, _CHUNK // max(width, 1))
    for begin in range(0, n, step):
        yield slice(begin, min(begin + step, n))


def rows_of(grid: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Some rows of an array: a view of neighbouring ones, a copy of others."""
    return grid[rows] if isinstance(rows, slice) else grid.take(rows, axis=0)


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Some units, those of a group next to each other.

    Parameters
    ----------
    rows
        Where they are.
    code
        Group of each, in order, shape (c,).
    groups
        Each group among them, its place in the part, and whether no later part has units of it.
    """

    rows: Rows
    code: Index
    groups: list[tuple[int, slice, bool]]


def parts_of(code: Index, n_groups: int, width: int) -> list[Part]:
    """Cut units into parts.

    Parts are stretches of units where the moments of all groups can be held at a time, since this
    is how data lie in memory; else they go from group to group.

    Parameters
    ----------
    code
        Group of each unit, shape (n,).
    n_groups
        Number of groups.
    width
        How many numbers a unit has.

    Returns
    -------
    list of Part
    """
    order = None
    if n_groups * width**2 > _MOST_MOMENTS and (code[1:] < code[:-1]).any():
        order = np.argsort(code, kind="stable")
    kind = np.min_scalar_type(n_groups)  # small whole numbers are sorted faster
    cut, last = [], np.zeros(n_groups, dtype=np.int64)
    for number, at in enumerate(in_chunks(len(code), width)):
        rows: Rows = at if order is None else order[at]
        mine = code[rows]
        if (mine[1:] < mine[:-1]).any():
            inner = np.argsort(mine.astype(kind), kind="stable")
            rows, mine = at.start + inner, mine[inner]
        ends = [0, *(np.flatnonzero(mine[1:] != mine[:-1]) + 1).tolist(), len(mine)]
        groups = mine[ends[:-1]]
        last[groups] = number
        cut.append((rows, mine, list(zip(groups.tolist(), pairwise(ends), strict=True))))
    return [
        Part(rows, mine, [(group, slice(*at), bool(last[group] == number)) for group, at in groups])
        for number, (rows, mine, groups) in enumerate(cut)
    ]

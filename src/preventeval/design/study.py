"""The study design: who was treated when, against whom, and what is measured.

This is the only place in the package that decides these things. Everything after it
works with arrays of shape (units, periods) that have passed the checks here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.design.starts import checked_starts, names_of, read_starts
from preventeval.errors import DesignError, some_of
from preventeval.panel import Panel
from preventeval.periods import NEVER
from preventeval.scale import INCIDENTS, LOG_POINTS, VALUE, Scale, rate
from preventeval.words import Message, Values

__all__ = ["AIMS", "COMPARISONS", "MEASURES", "Aim", "Comparison", "Measure", "StudyDesign"]

Array = NDArray[np.float64]
Comparison = Literal["never_treated", "not_yet_treated", "last_treated"]
Measure = Literal["count", "rate", "log_rate", "value", "log"]
Aim = Literal["reduce", "increase"]
COMPARISONS: Final[tuple[str, ...]] = get_args(Comparison)
MEASURES: Final[tuple[str, ...]] = get_args(Measure)
AIMS: Final[tuple[str, ...]] = get_args(Aim)


@dataclass(frozen=True, eq=False, repr=False)
class StudyDesign:
    """Who was treated when, against whom, and what is measured.

    Parameters
    ----------
    panel
        The data.
    outcome
        The outcome that this design is about.
    treated_from
        Column with the first period in which each unit was in the programme. Empty, NaN,
        NaT, None, infinity, the word "never" or, where all periods are positive integers,
        0: all mean that the unit was never treated.
    comparison
        ``"not_yet_treated"``: units that have not started by the period in question, never
        treated units among them. ``"never_treated"``: only units that never start.
        ``"last_treated"``: the units that start last, for designs in which everyone starts;
        periods from their start on are left out.
    anticipation
        Number of periods before the start in which behaviour may already have changed.
    cluster
        Column of the groups of units whose errors may go together (districts). Without it
        each unit is its own cluster.
    aim
        Whether the programme wants the outcome to ``"reduce"`` or to ``"increase"``.
    measure
        ``"count"``, ``"rate"`` (per ``per`` of exposure) or ``"log_rate"`` for an outcome of
        incidents; ``"value"`` or ``"log"`` for any other number. Left out, whole numbers of 0
        or more are analysed as a rate where there is an exposure and as a count where not.
    counts
        For ``"value"`` and ``"log"``: the outcome in the panel that holds the incidents behind
        the number, so that effects can be restated as incidents.
    per
        Exposure that rates are given for.
    starts
        Position of the first treated period of each unit, in place of the column: whole
        numbers, shape (n_units,). Set by designs that are derived from another.

    Raises
    ------
    DesignError
        The data do not allow the comparison that was asked for.

    Examples
    --------
    >>> import pandas as pd
    >>> import preventeval as pe
    >>> frame = pd.DataFrame(
    ...     {
    ...         "area": ["A"] * 3 + ["B"] * 3,
    ...         "year": [2019, 2020, 2021] * 2,
    ...         "robbery": [9, 8, 5, 7, 7, 8],
    ...         "start": [2020] * 3 + [None] * 3,
    ...     }
    ... )
    >>> panel = pe.Panel(frame, unit="area", period="year", outcomes=["robbery"])
    >>> pe.StudyDesign(panel, outcome="robbery", treated_from="start")
    StudyDesign(robbery as count, 1 treated and 1 never treated units, not_yet_treated comparison)
    """

    panel: Panel
    outcome: str
    treated_from: str
    comparison: Comparison = "not_yet_treated"
    anticipation: int = 0
    cluster: str | None = None
    aim: Aim = "reduce"
    measure: Measure | None = None
    counts: str | None = None
    per: float = 100_000
    starts: NDArray[np.int64] | None = None
    notes: tuple[Message, ...] = field(default=(), init=False)
    cohort: NDArray[np.int64] = field(init=False)
    #: Panel and starts before anything was left out, for the designs that are derived from this one.
    _given: tuple[Panel, NDArray[np.int64]] = field(init=False)

    def __post_init__(self) -> None:
        _check_options(self)
        panel, notes = self.panel, []
        measure, note = _settle_measure(self)
        notes += note
        starts = self.starts
        if starts is None:
            starts, note = read_starts(panel, self.treated_from)
            notes += note
        else:
            starts = checked_starts(panel, starts)
        object.__setattr__(self, "measure", measure)
        object.__setattr__(self, "_given", (panel, starts))
        keep, note = _units_to_keep(panel, self._measured(panel), starts)
        notes += note
        panel, cohort = panel.select(keep), starts[keep]
        cut, note = _periods_to_keep(panel, cohort, self.comparison, self.anticipation)
        notes += note
        if cut < panel.n_periods:
            panel = panel.first_periods(cut)
            if self.comparison == "last_treated":
                cohort = np.where(cohort == cohort.max(), NEVER, cohort)
        missing = int(np.isnan(self._measured(panel)).sum())
        if missing:
            total = panel.n_units * panel.n_periods
            notes.append(Message("note-missing-cells", {"count": missing, "total": total}))
        notes += _note_missing_covariates(panel, self._measured(panel))
        starts.flags.writeable = cohort.flags.writeable = False
        for name, value in {
            "panel": panel,
            "cohort": cohort,
            "starts": cohort,
            "notes": tuple(notes),
        }.items():
            object.__setattr__(self, name, value)
        _check_groups(self)

        # Both are read now: what is wrong with them has to come out when the design is made.
        self.weights.flags.writeable = self.clusters.flags.writeable = False
        _check_weights_of_groups(self)

    def __repr__(self) -> str:
        return (
            f"StudyDesign({self.outcome} as {self.measure}, {int(self.ever_treated.sum())} treated and "
            f"{int((~self.ever_treated).sum())} never treated units, {self.comparison} comparison)"
        )

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.panel.n_units

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return self.panel.n_periods

    @property
    def ever_treated(self) -> NDArray[np.bool_]:
        """Units that start within the panel, shape (n_units,)."""
        return self.cohort < self.n_periods

    @property
    def cohorts(self) -> NDArray[np.int64]:
        """Start positions that occur within the panel, in order, shape (number of cohorts,)."""
        return np.unique(self.cohort[self.ever_treated])

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Whether a unit is in the programme in a period, shape (n_units, n_periods)."""
        return np.arange(self.n_periods) >= self.cohort[:, None]

    @cached_property
    def y(self) -> Array:
        """The outcome as it is analysed, shape (n_units, n_periods); NaN where missing."""
        values = self._measured(self.panel)
        values.flags.writeable = False
        return values

    @cached_property
    def typical_size(self) -> float:
        """Root mean square of :attr:`y` less its mean in each period, to tell small numbers from rounding.

        At least 1e-7 of the root mean square of :attr:`y` itself: numbers that are large beside
        their differences leave rounding of their own.
        """
        apart = self.y - _known_mean(self.y.T)
        spread, size = (float(np.sqrt(np.nanmean(values**2))) for values in (apart, self.y))
        return max(spread, 1e-7 * size)

    @property
    def incidents(self) -> Array | None:
        """Incidents, shape (n_units, n_periods), or None where the outcome has none behind it."""
        name = self.outcome if self.measure in ("count", "rate", "log_rate") else self.counts
        return None if name is None else self.panel.outcome(name)

    @property
    def scale(self) -> Scale:
        """Scale of a difference in :attr:`y`."""
        scales = {"count": INCIDENTS, "rate": rate(self.per), "value": VALUE}
        return scales.get(str(self.measure), LOG_POINTS)

    @cached_property
    def weights(self) -> Array:
        """Sampling weight of each unit, mean 1, shape (n_units,)."""
        grid = self.panel.weights
        if grid is None:
            return np.ones(self.n_units)
        low, high = np.fmin.reduce(grid, axis=1), np.fmax.reduce(grid, axis=1)
        for wrong, problem in ((np.isnan(high), "are missing for"), (high > low, "vary within")):
            if wrong.any():
                units = some_of(self.panel.units[wrong])
                raise DesignError(f"sampling weights {problem} units {units}: one per unit is expected")
        if not high.any():
            raise DesignError("all sampling weights are 0")
        share: Array = high / high.mean()
        return share

    @cached_property
    def clusters(self) -> NDArray[np.int64]:
        """Cluster of each unit, numbered from 0, shape (n_units,)."""
        if self.cluster is None or self.cluster == self.panel.unit:
            return np.arange(self.n_units)
        labels = self.panel.by_unit(self.cluster)
        empty = np.array([label is None for label in labels])
        if empty.any():
            raise DesignError(
                f"column '{self.cluster}' is empty for units {some_of(self.panel.units[empty])}"
            )
        return pd.factorize(pd.Series(labels).astype(str), sort=True)[0].astype(np.int64)

    @property
    def covariates(self) -> Array:
        """Covariates, shape (n_units, n_periods, number of covariates)."""
        grids = list(self.panel.covariates.values())
        if not grids:
            return np.empty((self.n_units, self.n_periods, 0))
        return np.stack(grids, axis=2)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the panel, the starts and the clusters, the same in any row order."""
        digest = hashlib.sha256(self.panel.fingerprint.encode())
        digest.update(self.cohort.tobytes() + self.clusters.tobytes())
        return digest.hexdigest()

    def without_units(self, units: Sequence[object]) -> StudyDesign:
        """The same design without some units.

        Parameters
        ----------
        units
            Labels of the units to leave out.

        Returns
        -------
        StudyDesign
        """
        panel, starts = self._given
        labels, wanted = panel.units.astype(str), [str(unit) for unit in units]
        unknown = sorted(set(wanted) - set(labels))
        if unknown:
            raise DesignError(f"no units {some_of(unknown)} in this panel: it has {some_of(labels)}")
        keep = ~np.isin(labels, wanted)
        return replace(self, panel=panel.select(keep), starts=starts[keep])

    def with_starts_moved(self, by: int) -> StudyDesign:
        """The same design with every start moved, to ask what hangs on the dating.

        Parameters
        ----------
        by
            Number of periods; positive is later.

        Returns
        -------
        StudyDesign
        """
        panel, starts = self._given
        # Units treated from the first period on would come in with a treated period as their base.
        keep = starts > 0
        return replace(self, panel=panel.select(keep), starts=_moved(starts[keep], by))

    def weighing_as_in_total(self) -> StudyDesign:
        """The same design with units weighing as they do in the total of incidents.

        An average over units says how the average unit fared. Times all units, it gives the
        total only if units weigh in it as in the total: alike where effects are incidents,
        by their exposure where they are rates, and by their incidents before the programme
        where they are differences of logarithms.

        Returns
        -------
        StudyDesign
        """
        weight = np.ones(self.n_units)
        if self.measure == "rate":
            weight = _known_mean(_exposure(self.panel))
        elif self.incidents is not None and self.measure != "count":
            weight = _known_mean(np.where(self.treated, np.nan, self.incidents))
        panel = self.panel.weighing(weight)
        # The last to start are the never treated of the periods that were kept.
        comparison = "never_treated" if self.comparison == "last_treated" else self.comparison
        return replace(self, panel=panel, starts=self.cohort, comparison=comparison)

    def before_programme(self, pretend: int) -> StudyDesign:
        """A placebo in time: only untreated observations, and starts that never happened.

        Parameters
        ----------
        pretend
            How many periods before its real start (less the anticipation) each treated unit
            is pretended to have started.

        Returns
        -------
        StudyDesign
            Outcomes are hidden from each unit's real start (less the anticipation) on.
        """
        if pretend < 1:
            raise DesignError(
                f"pretend={pretend!r}: a placebo starts at least one period before the programme"
            )
        # The last to start are the never treated of the periods that are left.
        comparison = "never_treated" if self.comparison == "last_treated" else self.comparison
        real = _moved(self.cohort, -self.anticipation)
        last = int(real[real < self.n_periods].max(initial=0))
        hidden = np.arange(self.n_periods) >= real[:, None]
        panel = self.panel.without(hidden).first_periods(max(last, 1))
        moved = _moved(real, -pretend)
        return replace(self, panel=panel, starts=moved, comparison=comparison, anticipation=0)

    def _measured(self, panel: Panel) -> Array:
        values = panel.outcome(self.outcome)
        if self.measure in ("count", "value"):
            return values
        if self.measure == "rate":
            return self.per * values / _exposure(panel)
        base = values / _exposure(panel) if self.measure == "log_rate" else values
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(base)
        bad = ~np.isfinite(logs) & np.isfinite(base)
        if bad.any():
            units = panel.units[bad.any(axis=1)]
            raise DesignError(
                f"outcome '{self.outcome}' is 0 or less in {int(bad.sum())} unit-periods "
                f"(units {some_of(units)}), and has no logarithm there",
                hint="use measure='rate' or 'count', or an estimator for counts; "
                "adding a small number to zeros would decide the result",
            )
        return logs


def _moved(starts: NDArray[np.int64], by: int) -> NDArray[np.int64]:
    return np.where(starts == NEVER, NEVER, np.where(starts == NEVER, 0, starts) + by)


def _known_mean(grid: Array) -> Array:
    """Mean of the known values of each row, shape (rows,); 0 where there is none."""
    known = np.isfinite(grid)
    return np.asarray(np.nansum(grid, axis=1) / np.maximum(known.sum(axis=1), 1))


def _exposure(panel: Panel) -> Array:
    if panel.exposure is None:
        raise DesignError(
            "a rate needs an exposure (residents, say), and this panel has none",
            hint="name the column: Panel(..., exposure='residents'), or use measure='count'",
        )
    return panel.exposure


def _check_options(design: StudyDesign) -> None:
    for name, value, known in (
        ("comparison", design.comparison, COMPARISONS),
        ("aim", design.aim, AIMS),
        ("measure", design.measure, (None, *MEASURES)),
    ):
        if value not in known:
            choices = ", ".join(repr(choice) for choice in known if choice)
            raise DesignError(f"{name}={value!r} is not known: choose one of {choices}")
    whole = isinstance(design.anticipation, int) and not isinstance(design.anticipation, bool)
    if not whole or design.anticipation < 0:
        raise DesignError(
            f"anticipation={design.anticipation!r}: expected a whole number of periods, 0 or more"
        )
    if not (isinstance(design.per, (int, float)) and 0 < design.per < np.inf):
        raise DesignError(f"per={design.per!r}: expected a number above 0, such as 100000 (residents)")
    if design.counts is not None and design.measure not in ("value", "log"):
        raise DesignError("counts= goes with measure='value' or 'log'; other measures are incidents already")


def _settle_measure(design: StudyDesign) -> tuple[Measure, list[Message]]:
    """What the outcome is analysed as, and a note where that was not said."""
    values = design.panel.outcome(design.outcome)
    known = values[np.isfinite(values)]
    if not known.size:
        raise DesignError(f"outcome '{design.outcome}' has no value in any unit and period")
    incidents = design.outcome if design.measure in ("count", "rate", "log_rate") else design.counts
    if incidents is not None and (negative := design.panel.outcome(incidents) < 0).any():
        raise DesignError(
            f"outcome '{incidents}' is negative in {design.panel.named(negative)}: "
            "it cannot be a number of incidents"
        )
    is_count = bool(((known >= 0) & (known == np.floor(known))).all())
    if design.measure is not None:
        return design.measure, []
    if not is_count:
        raise DesignError(
            f"outcome '{design.outcome}' is not a number of incidents (whole numbers of 0 or more): "
            "say what it is",
            hint="measure='value' for a score or a ready-made rate in its own unit, 'log' to analyse its "
            "logarithm",
        )
    chosen: Measure = "count" if design.panel.exposure is None else "rate"
    values_of: Values = {"outcome": design.outcome, "measure": chosen, "per": design.per}
    return chosen, [Message("note-measure-chosen", values_of)]


def _units_to_keep(
    panel: Panel, y: Array, starts: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[Message]]:
    """Leave out, and say so, units that cannot inform any comparison."""
    always = starts <= 0
    empty = np.isnan(y).all(axis=1) & ~always
    notes = [
        Message(key, {"count": int(which.sum()), "units": names_of(panel.units[which])})
        for key, which in (("note-always-treated", always), ("note-no-data", empty))
        if which.any()
    ]
    return ~(always | empty), notes


def _periods_to_keep(
    panel: Panel, cohort: NDArray[np.int64], comparison: Comparison, anticipation: int
) -> tuple[int, list[Message]]:
    """Number of periods, from the first, in which the last to start can serve as comparison."""
    if comparison != "last_treated" or not cohort.size:
        return panel.n_periods, []
    last = int(cohort.max())
    if last >= panel.n_periods:
        raise DesignError(
            "comparison='last_treated' is for designs in which every unit is treated in the end, "
            f"and {int((cohort == last).sum())} units here are not",
            hint="use 'never_treated' or 'not_yet_treated'",
        )
    cut = max(last - anticipation, 0)
    labels = {"start": panel.periods.label(last), "cut": panel.periods.label(cut)}
    return cut, [Message("note-last-cohort-compares", labels)]


def _note_missing_covariates(panel: Panel, y: Array) -> list[Message]:
    """Outcomes that methods with covariates cannot use, which they would leave out in silence."""
    missing = {name: np.isnan(grid) & ~np.isnan(y) for name, grid in panel.covariates.items()}
    lost = np.any([np.zeros(y.shape, dtype=bool), *missing.values()], axis=0)
    units = lost.any(axis=1)
    if not units.any():
        return []
    values: Values = {
        "count": int(lost.sum()),
        "n_units": int(units.sum()),
        "units": names_of(panel.units[units]),
        "columns": ", ".join(name for name, cells in missing.items() if cells.any()),
    }
    return [Message("note-missing-covariates", values)]


def _check_weights_of_groups(design: StudyDesign) -> None:
    """Those who are left when units without weight are taken away must still have someone to compare with."""
    weighed, treated = design.weights > 0, design.ever_treated
    if weighed.all():
        return
    kinds = np.unique(design.cohort[weighed & treated])
    only_never = design.comparison != "not_yet_treated" or len(kinds) == 1
    if not len(kinds):
        group, units = "treated", treated
    elif only_never and not (weighed & ~treated).any():
        group, units = "comparison", ~weighed
    else:
        return
    raise DesignError(
        f"the sampling weights of all {group} units are 0 ({some_of(design.panel.units[units])}): "
        "there is no one to study or to compare with"
    )


def _check_groups(design: StudyDesign) -> None:
    """There must be someone to study, someone to compare with, and a time before."""
    if not design.ever_treated.any():
        left_out = any(note.key == "note-always-treated" for note in design.notes)
        early = "; units that start in or before the first are left out"
        raise DesignError(
            f"no unit starts within the panel's periods ({design.panel.periods.label(0)} to "
            f"{design.panel.periods.label(max(design.n_periods - 1, 0))}){early if left_out else ''}",
            hint=f"check column '{design.treated_from}'",
        )
    if design.comparison == "never_treated" and not (~design.ever_treated).any():
        raise DesignError(
            "comparison='never_treated', but every unit is treated in the end",
            hint="use 'not_yet_treated', or 'last_treated' to compare with the units that start last",
        )
    if design.ever_treated.all() and len(design.cohorts) == 1:
        raise DesignError(
            "every unit starts in the same period: there is no one to compare with",
            hint="add units without the programme; a single series needs another method",
        )

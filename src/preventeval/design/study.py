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
from numpy.typing import NDArray

from preventeval.design.groups import check_groups, check_subgroups, check_weights, groups_of_units
from preventeval.design.measure import (
    MEASURES,
    Measure,
    exposure_of,
    known_mean,
    measured,
    note_missing_exposure,
    settle_measure,
    spread_and_size,
)
from preventeval.design.starts import checked_starts, names_of, read_starts
from preventeval.errors import DesignError, some_of
from preventeval.panel import Panel
from preventeval.periods import NEVER
from preventeval.scale import INCIDENTS, LOG_POINTS, VALUE, Scale, rate
from preventeval.words import Message, Values

__all__ = ["AIMS", "COMPARISONS", "MEASURES", "Aim", "Comparison", "Measure", "StudyDesign"]

Array = NDArray[np.float64]
Comparison = Literal["never_treated", "not_yet_treated", "last_treated"]
Aim = Literal["reduce", "increase"]
COMPARISONS: Final[tuple[str, ...]] = get_args(Comparison)
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
        the number, so that effects can be restated as incidents. For the other measures: the
        outcome itself, where its incidents are weighted or shared out between units, so that
        they need not be whole numbers.
    per
        Exposure that rates are given for.
    starts
        Position of the first treated period of each unit, in place of the column: whole
        numbers, shape (n_units,). Set by designs that are derived from another.
    subgroups
        Columns with one value per unit (a district, a kind of area) by which effects may be
        compared later. Named here, before there are results: a subgroup that is chosen after
        looking proves little. Designs that are derived from this one have none.

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
    subgroups: Sequence[str] = ()
    notes: tuple[Message, ...] = field(default=(), init=False)
    cohort: NDArray[np.int64] = field(init=False)
    #: Panel and starts before anything was left out, for the designs that are derived from this one.
    _given: tuple[Panel, NDArray[np.int64]] = field(init=False)

    def __post_init__(self) -> None:
        _check_options(self)
        panel = self.panel
        measure, notes = settle_measure(self)
        starts = self.starts
        if starts is None:
            starts, note = read_starts(panel, self.treated_from)
            notes += note
        else:
            starts = checked_starts(panel, starts)
        object.__setattr__(self, "measure", measure)
        object.__setattr__(self, "_given", (panel, starts))
        missing = np.isnan(measured(panel, self.outcome, measure, self.per))
        notes += note_missing_exposure(panel, self.outcome, measure)
        keep, note = _units_to_keep(panel, missing, starts)
        notes += note
        panel, cohort, missing = panel.select(keep), starts[keep], missing if keep.all() else missing[keep]
        cut, note = _periods_to_keep(panel, cohort, self.comparison, self.anticipation)
        notes += note
        if cut < panel.n_periods:
            panel, missing = panel.first_periods(cut), missing[:, :cut]
            if self.comparison == "last_treated":
                cohort = np.where(cohort == cohort.max(), NEVER, cohort)
        if missing.any():
            count = int(np.count_nonzero(missing))
            notes.append(Message("note-missing-cells", {"count": count, "total": missing.size}))
        notes += _note_missing_covariates(panel, missing)
        starts.flags.writeable = cohort.flags.writeable = False
        for name, value in {
            "panel": panel,
            "cohort": cohort,
            "starts": cohort,
            "subgroups": tuple(self.subgroups),
            "notes": tuple(notes),
        }.items():
            object.__setattr__(self, name, value)
        check_groups(self)

        # These are read now: what is wrong with them has to come out when the design is made.
        self.weights.flags.writeable = self.clusters.flags.writeable = False
        check_weights(self)
        check_subgroups(self)

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
        return np.flatnonzero(np.bincount(self.cohort[self.ever_treated]))

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Whether a unit is in the programme in a period, shape (n_units, n_periods)."""
        return np.arange(self.n_periods) >= self.cohort[:, None]

    @cached_property
    def y(self) -> Array:
        """The outcome as it is analysed, shape (n_units, n_periods); NaN where missing."""
        values = measured(self.panel, self.outcome, self.measure, self.per)
        values.flags.writeable = False
        return values

    @cached_property
    def typical_size(self) -> float:
        """Root mean square of :attr:`y` less its mean in each period, to tell small numbers from rounding.

        At least 1e-7 of the root mean square of :attr:`y` itself: numbers that are large beside
        their differences leave rounding of their own.
        """
        spread, size = spread_and_size(self.y)
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
        if self._units_are_clusters:
            return np.arange(self.n_units)
        return groups_of_units(self.panel, str(self.cluster))[0]

    @cached_property
    def cluster_labels(self) -> NDArray[np.str_]:
        """Label of each cluster that :attr:`clusters` numbers; of each unit, where units are the clusters."""
        labels = self.panel.units.astype(str)
        if not self._units_are_clusters:
            labels = groups_of_units(self.panel, str(self.cluster))[1]
        labels.flags.writeable = False
        return labels

    @property
    def _units_are_clusters(self) -> bool:
        return self.cluster is None or self.cluster == self.panel.unit

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
        return self._derived(panel.select(keep), starts[keep])

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
        return self._derived(panel.select(keep), _moved(starts[keep], by))

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
            weight = known_mean(exposure_of(self.panel))
        elif self.incidents is not None and self.measure != "count":
            weight = known_mean(np.where(self.treated, np.nan, self.incidents))
        # Units without weight are not studied, and stay out of the total.
        weight = np.where(self.weights > 0, weight, 0.0)
        return self._derived(self.panel.weighing(weight), self.cohort, cut=True)

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
        real = _moved(self.cohort, -self.anticipation)
        last = int(real[real < self.n_periods].max(initial=0))
        hidden = np.arange(self.n_periods) >= real[:, None]
        panel = self.panel.without(hidden).first_periods(max(last, 1))
        return replace(self._derived(panel, _moved(real, -pretend), cut=True), anticipation=0)

    def split(self, column: str) -> dict[str, StudyDesign]:
        """The design of each subgroup: its treated units against its own comparison units.

        Parameters
        ----------
        column
            One of :attr:`subgroups`.

        Returns
        -------
        dict of str to StudyDesign
            By value of the column, in order. Clusters keep their labels
            (:attr:`cluster_labels`), so that results can be joined by them.

        Raises
        ------
        DesignError
            The column was not declared when this design was made.
        """
        if column not in self.subgroups:
            declared = some_of(self.subgroups) if self.subgroups else "none"
            raise DesignError(
                f"column '{column}' is not one of the declared subgroups of this design ({declared})",
                hint=f"declare it when the design is made: StudyDesign(…, subgroups=['{column}']); subgroups "
                "that are chosen after looking at results prove little",
            )
        codes, names = groups_of_units(self.panel, column)
        inside = {str(name): codes == position for position, name in enumerate(names)}
        return {
            name: self._derived(self.panel.select(units), self.cohort[units], cut=True)
            for name, units in inside.items()
        }

    def _derived(self, panel: Panel, starts: NDArray[np.int64], *, cut: bool = False) -> StudyDesign:
        """The same design on another panel; ``cut``: one whose periods have been cut where they had to be."""
        # The last to start are the never treated of the periods that are left.
        last = cut and self.comparison == "last_treated"
        comparison: Comparison = "never_treated" if last else self.comparison
        return replace(self, panel=panel, starts=starts, comparison=comparison, subgroups=())


def _moved(starts: NDArray[np.int64], by: int) -> NDArray[np.int64]:
    return np.where(starts == NEVER, NEVER, np.where(starts == NEVER, 0, starts) + by)


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
    apportioned = design.measure is not None and design.counts == design.outcome
    if design.counts is not None and design.measure not in ("value", "log") and not apportioned:
        raise DesignError("counts= goes with measure='value' or 'log'; other measures are incidents already")
    if isinstance(design.subgroups, str):
        raise DesignError(f"subgroups={design.subgroups!r}: expected a list of column names")


def _units_to_keep(
    panel: Panel, missing: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[Message]]:
    """Leave out, and say so, units that cannot inform any comparison."""
    always = starts <= 0
    empty = missing.all(axis=1) & ~always if missing.any() else np.zeros(len(starts), dtype=bool)
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


def _note_missing_covariates(panel: Panel, missing: NDArray[np.bool_]) -> list[Message]:
    """Outcomes that methods with covariates cannot use, which they would leave out in silence."""
    lost, columns = np.zeros(missing.shape, dtype=bool), []
    for name, grid in panel.covariates.items():
        cells = np.isnan(grid)
        if cells.any() and (cells := cells & ~missing).any():
            lost |= cells
            columns.append(name)
    if not columns:
        return []
    units = lost.any(axis=1)
    values: Values = {
        "count": int(lost.sum()),
        "n_units": int(units.sum()),
        "units": names_of(panel.units[units]),
        "columns": ", ".join(columns),
    }
    return [Message("note-missing-covariates", values)]

"""Made-up programmes with a known effect: for examples, teaching and tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from preventeval.design import StudyDesign
from preventeval.panel import Panel

__all__ = ["example_design", "simulate_incidents", "simulate_programme"]


def simulate_programme(
    *,
    effect: float | Sequence[float] = -0.20,
    areas: int = 30,
    treated: int = 12,
    months: int = 36,
    incidents: float = 80.0,
    dispersion: float = 150.0,
    overdispersion: float | None = None,
    seed: int = 1,
) -> pd.DataFrame:
    """Monthly incidents of areas, some of which start a programme, with a known effect.

    Counts are negative binomial around a level of the area, a city-wide trend that drifts,
    a summer peak and the effect. Programmes start in three waves, at 1/3, 1/2 and 2/3 of the
    months.

    Parameters
    ----------
    effect
        Relative change of expected incidents while the programme runs: -0.20 is a fall of
        20 per cent. One for all, or one for each of the three waves.
    areas, treated
        Number of areas, and how many of them start the programme.
    months
        Number of months, from January 2019.
    incidents
        Expected incidents per area and month without a programme, on average.
    dispersion
        Size of the negative binomial; the variance is mean + mean² / dispersion.
    overdispersion
        In place of ``dispersion``: the variance as a multiple of the mean, 1 or more.
    seed
        Seed of the random numbers.

    Returns
    -------
    DataFrame
        One row per area and month: ``area``, ``district``, ``month``, ``incidents``,
        ``residents``, ``programme_start`` (NaT: never), ``expected`` (without programme).

    Examples
    --------
    >>> frame = simulate_programme(areas=4, treated=2, months=12)
    >>> frame.shape
    (48, 7)
    """
    rng = np.random.default_rng(seed)
    calendar = pd.date_range("2019-01-01", periods=months, freq="MS")
    residents = rng.integers(4_000, 16_000, areas)
    level = np.log(incidents) + np.log(residents / residents.mean()) + rng.normal(0, 0.2, areas)
    trend = np.cumsum(rng.normal(0, 0.02, months))
    season = 0.12 * np.cos(2 * np.pi * (np.arange(months) - 6) / 12)
    expected = np.exp(level[:, None] + trend + season)
    start = np.full(areas, months)
    waves = [months // 3, months // 2, 2 * months // 3]
    start[rng.permutation(areas)[:treated]] = np.resize(waves, treated)
    by_wave = np.broadcast_to(np.asarray(effect, dtype=np.float64), len(waves))
    ratio = 1 + by_wave[np.searchsorted(waves, np.minimum(start, waves[-1]))]
    mean = expected * np.where(np.arange(months) >= start[:, None], ratio[:, None], 1.0)
    if overdispersion == 1:
        counts = rng.poisson(mean)
    else:
        size = dispersion if overdispersion is None else mean / (overdispersion - 1)
        counts = rng.negative_binomial(size, size / (size + mean))
    starts = pd.Series(calendar).reindex(start)
    width = len(str(areas))
    return pd.DataFrame(
        {
            "area": np.repeat([f"area {i + 1:0{width}d}" for i in range(areas)], months),
            "district": np.repeat([f"district {i % max(areas // 4, 1) + 1}" for i in range(areas)], months),
            "month": np.tile(calendar, areas),
            "incidents": counts.ravel(),
            "residents": np.repeat(residents, months),
            "programme_start": np.repeat(starts.to_numpy(), months),
            "expected": expected.ravel(),
        }
    )


def simulate_incidents(programme: pd.DataFrame, *, seed: int = 1) -> pd.DataFrame:
    """Turn monthly counts into a file of incidents, as a police export would be.

    Parameters
    ----------
    programme
        As :func:`simulate_programme` makes it.
    seed
        Seed of the random dates.

    Returns
    -------
    DataFrame
        One row per incident, in order of date: ``id``, ``date``, ``area``.

    Examples
    --------
    >>> frame = simulate_programme(areas=4, treated=2, months=12)
    >>> len(simulate_incidents(frame)) - int(frame["incidents"].sum())
    0
    """
    rng = np.random.default_rng(seed)
    rows = programme.loc[programme.index.repeat(programme["incidents"]), ["month", "area"]]
    days = (rng.random(len(rows)) * rows["month"].dt.days_in_month.to_numpy()).astype(int)
    dates = rows["month"].to_numpy() + days.astype("timedelta64[D]")
    records = pd.DataFrame({"date": pd.to_datetime(dates), "area": rows["area"].to_numpy()})
    records = records.sort_values(["date", "area"], ignore_index=True)
    records.insert(0, "id", np.arange(1, len(records) + 1))
    return records


def example_design(**options: Any) -> StudyDesign:
    """A design over :func:`simulate_programme`, to try things on.

    Parameters
    ----------
    **options
        Passed on to :func:`simulate_programme`.

    Returns
    -------
    StudyDesign
        Incidents analysed as the logarithm of their rate.

    Examples
    --------
    >>> example_design()
    StudyDesign(incidents as log_rate, 12 treated and 18 never treated units, not_yet_treated comparison)
    """
    frame = simulate_programme(**options)
    panel = Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    return StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure="log_rate")

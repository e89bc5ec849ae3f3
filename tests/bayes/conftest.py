"""Designs and fits that the tests of the count models share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe

#: Enough draws to test a promise that does not depend on precision.
QUICK = {"draws": 150, "tune": 150, "chains": 2}


def design_of(frame: pd.DataFrame, **options: Any) -> pe.StudyDesign:
    """Design of a frame with area, month, population, incidents and start."""
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="population")
    return pe.StudyDesign(
        panel, outcome="incidents", **{"treated_from": "start", "measure": "rate"} | options
    )


def simulated(log_rr: float, seed: int, *, areas: int = 8, months: int = 12) -> pd.DataFrame:
    """Half of the areas treated from the middle month on, about 20 incidents a cell."""
    rng = np.random.default_rng(seed)
    area, month = np.repeat(np.arange(areas), months), np.tile(np.arange(1, months + 1), areas)
    start = months // 2 + 1
    treated = (area < areas // 2) & (month >= start)
    level = rng.normal(0, 0.3, areas)[area] + 0.1 * np.sin(month / 2)
    mean = 20 * np.exp(level + log_rr * treated)
    return pd.DataFrame(
        {
            "area": [f"area {number:02d}" for number in area],
            "month": month,
            "population": 10_000.0,
            "incidents": rng.poisson(rng.gamma(20, mean / 20)).astype(float),
            "start": np.where(area < areas // 2, start, np.nan),
        }
    )


@pytest.fixture(scope="session")
def oracle_frame(oracle: Any) -> pd.DataFrame:
    """The reference panel: 16 areas by 24 months, 8 of them treated from month 13 on."""
    frame = oracle.panel("hierarchical_counts")
    return frame.assign(start=np.where(frame.treated_area == 1, 13.0, np.nan))


@pytest.fixture(scope="session")
def oracle_fit(oracle_frame: pd.DataFrame) -> pe.EffectEstimate:
    """The default fit of the reference panel."""
    return pe.HierarchicalCounts().fit(design_of(oracle_frame))


@pytest.fixture(scope="session")
def quick_fit() -> pe.EffectEstimate:
    """A short fit of a small panel with a log rate ratio of -0.3."""
    return pe.HierarchicalCounts(**QUICK).fit(design_of(simulated(-0.3, seed=1)))

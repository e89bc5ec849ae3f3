"""Made-up panels that every package gets alike."""

import numpy as np
import pandas as pd


def panel(units: int, periods: int, covariates: int) -> pd.DataFrame:
    """Five cohorts and about 40 % never treated, sorted by unit and period.

    Covariates drive starts and trends. ``y`` is an outcome with normal noise, ``incidents`` a
    Poisson count with unit effects and ``exposure``, which drifts by unit. ``start`` is 0 for
    never treated units.
    """
    rng = np.random.default_rng(20250)
    x = rng.normal(size=(units, 2))
    late = x @ [0.5, -0.3] + rng.normal(size=units)
    waves = np.linspace(periods * 0.35, periods * 0.8, 5).astype(int) + 1
    start = np.where(late > 0.3, 0, waves[rng.integers(0, 5, units)])
    period = np.arange(1, periods + 1)
    treated = (start[:, None] > 0) & (period >= start[:, None])
    drift = 0.1 * period * (1 + x[:, :1])
    y = rng.normal(size=(units, 1)) + drift - treated + rng.normal(size=treated.shape)
    exposure = np.round(rng.uniform(500, 5000, (units, 1)) * np.exp(0.01 * rng.normal(size=treated.shape)))
    rate = 0.01 * np.exp(0.4 * rng.normal(size=(units, 1)) + 0.1 * np.sin(period) - 0.2 * treated)
    columns = {"start": start} | {f"x{j + 1}": x[:, j] for j in range(covariates)}
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "period": np.tile(period, units),
            "y": y.ravel(),
            "incidents": rng.poisson(exposure * rate).ravel(),
            "exposure": exposure.ravel(),
            **{name: np.repeat(values, periods) for name, values in columns.items()},
        }
    )

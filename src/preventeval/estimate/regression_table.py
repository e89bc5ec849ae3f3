"""What maketables asks of a result, so that it can set effects as a regression table.

maketables is not a dependency: it looks for methods of these names on any object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from preventeval.estimate.effect import EffectEstimate

__all__ = ["STATISTICS", "coefficient_table", "statistic", "vcov_info"]

#: Rows below the coefficients, by key.
STATISTICS = {
    "N": "Unit-periods",
    "units": "Units",
    "treated_units": "Treated units",
    "clusters": "Clusters",
    "scale": "Scale",
    "estimator": "Estimator",
}


def coefficient_table(estimate: EffectEstimate) -> pd.DataFrame:
    """Effects in the columns that maketables reads; no p-value for credible intervals.

    Parameters
    ----------
    estimate
        The effects.
    """
    table = estimate.tidy()
    own = estimate._own.std_errors
    return pd.DataFrame(
        {
            "b": table["estimate"].to_numpy(),
            "se": table["std_error"].to_numpy(),
            "t": np.where(np.isfinite(table["p_value"]), estimate.effect / own, np.nan),
            "p": table["p_value"].to_numpy(),
            "ci95l": table["conf_low"].to_numpy(),
            "ci95u": table["conf_high"].to_numpy(),
        },
        index=pd.Index(table["term"], name="Coefficient"),
    )


def statistic(estimate: EffectEstimate, key: str) -> Any:
    """A number or text about the fit; None where there is none of that name.

    Parameters
    ----------
    estimate
        The effects.
    key
        One of :data:`STATISTICS`.
    """
    design = estimate.recipe.design
    known = {
        "N": estimate.nobs,
        "units": design.n_units,
        "treated_units": int(design.ever_treated.sum()),
        "clusters": len(np.unique(design.clusters)),
        "scale": estimate.scale.name,
        "estimator": estimate.method,
    }
    return known.get(key)


def vcov_info(estimate: EffectEstimate) -> dict[str, str]:
    """Kind of intervals, and what errors are clustered by.

    Parameters
    ----------
    estimate
        The effects.
    """
    design = estimate.recipe.design
    if estimate.interval_kind == "credible":
        return {"vcov_type": "posterior"}
    return {"vcov_type": "clustered", "clustervar": design.cluster or design.panel.unit}

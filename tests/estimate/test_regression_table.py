"""What maketables reads off an estimate, by the names that it looks for."""

from __future__ import annotations

import numpy as np

import preventeval as pe
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.scale import LOG_RATE_RATIO
from preventeval.uncertainty import Posterior


def test_coefficients_are_those_of_the_tidy_table() -> None:
    estimate = pe.CallawaySantAnna().fit(pe.example_design()).by_event_time()
    table, tidy = estimate.__maketables_coef_table__, estimate.tidy()
    assert table.index.name == "Coefficient"
    assert table.index.tolist() == estimate.terms
    assert list(table.columns) == ["b", "se", "t", "p", "ci95l", "ci95u"]
    for theirs, ours in (("b", "estimate"), ("se", "std_error"), ("p", "p_value"), ("ci95u", "conf_high")):
        np.testing.assert_array_equal(table[theirs].to_numpy(), tidy[ours].to_numpy())
    np.testing.assert_allclose(table["t"], table["b"] / table["se"], rtol=1e-12)


def test_what_stands_below_the_coefficients() -> None:
    estimate = pe.CallawaySantAnna().fit(pe.example_design()).overall()
    design = estimate.recipe.design
    shown = {key: estimate.__maketables_stat__(key) for key in estimate.__maketables_default_stat_keys__}
    assert shown == {
        "N": estimate.nobs,
        "units": design.n_units,
        "treated_units": int(design.ever_treated.sum()),
        "clusters": design.n_units,
        "scale": design.scale.name,
        "estimator": "CallawaySantAnna",
    }
    assert set(estimate.__maketables_stat_labels__) == set(shown)
    assert estimate.__maketables_stat__("r2") is None
    assert estimate.__maketables_depvar__ == design.outcome
    assert estimate.__maketables_vcov_info__ == {"vcov_type": "clustered", "clustervar": design.panel.unit}


def test_credible_intervals_have_no_p_values() -> None:
    estimate = pe.CallawaySantAnna().fit(pe.example_design()).overall()
    credible = EffectEstimate(
        effect=np.zeros(1),
        labels={},
        uncertainty=Posterior(np.random.default_rng(1).normal(size=(100, 1))),
        scale=LOG_RATE_RATIO,
        recipe=Recipe(estimate.recipe.design, estimate.recipe.estimator),
        of="overall",
        post=np.array([True]),
    )
    table = credible.__maketables_coef_table__
    assert table[["t", "p"]].isna().all(axis=None)
    assert np.isfinite(table[["b", "se", "ci95l", "ci95u"]]).all(axis=None)
    assert credible.__maketables_vcov_info__ == {"vcov_type": "posterior"}

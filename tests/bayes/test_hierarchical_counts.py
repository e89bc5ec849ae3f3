"""What the hierarchical model of counts promises."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.bayes import Priors, build, count_cells
from preventeval.bayes.hierarchical_counts import _decided, _thinned
from preventeval.bayes.sampling import Convergence
from preventeval.errors import DesignError, EstimationError

#: Log rate ratios that the reference panel was simulated with; their distribution has mean -0.25.
TRUTH = {
    "1": -0.36046,
    "2": -0.302801,
    "3": -0.410006,
    "4": -0.198122,
    "8": -0.21806,
    "10": -0.349295,
    "11": -0.356987,
    "14": -0.226662,
}

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


# Recovery -------------------------------------------------------------------------------


@pytest.mark.reference
def test_intervals_cover_the_area_effects(oracle_fit: pe.EffectEstimate) -> None:
    units = oracle_fit.by_unit()
    ends = units.conf_int(0.9)
    truth = np.array([TRUTH[term.removeprefix("unit ")] for term in ends.index])
    covered = (ends["lower"] <= truth) & (truth <= ends["upper"])
    # 7.2 of 8 are expected of 90 % intervals; fewer than 6 has probability 0.04.
    assert covered.sum() >= 6
    # Partial pooling errs less than the spread of the true effects (0.12) allows on its own.
    assert np.sqrt(np.mean((units.effect - truth) ** 2)) < 0.12


@pytest.mark.reference
def test_interval_covers_the_mean_effect(oracle_fit: pe.EffectEstimate) -> None:
    mean = oracle_fit.diagnostics["mean_effect"]
    assert mean["low"] <= -0.25 <= mean["high"]
    overall = oracle_fit.overall().conf_int(0.9).iloc[0]
    assert overall["lower"] <= np.mean(list(TRUTH.values())) <= overall["upper"]


@pytest.mark.reference
def test_computation_is_sound(oracle_fit: pe.EffectEstimate) -> None:
    found = oracle_fit.diagnostics
    assert found["divergences"] == 0
    assert found["r_hat"] <= 1.01
    assert {gate["verdict"] for gate in found["gates"]} == {"green"}
    assert oracle_fit.notes == ()


@pytest.mark.reference
def test_one_more_unit_is_less_certain_than_the_mean(oracle_fit: pe.EffectEstimate) -> None:
    found = oracle_fit.diagnostics
    assert found["next_unit"]["sd"] > found["mean_effect"]["sd"]
    # Simulated with size 15, so 1/15 = 0.067.
    assert found["overdispersion"]["low"] < 1 / 15 < found["overdispersion"]["high"]


@pytest.mark.statistical
def test_no_effect_is_found_where_there_is_none_and_cells_are_missing() -> None:
    frame = simulated(0.0, seed=3)
    frame.loc[[7, 20, 50], "incidents"] = np.nan
    frame.loc[51, "population"] = np.nan
    estimate = pe.HierarchicalCounts(**QUICK).fit(design_of(frame))
    ends = estimate.overall().conf_int().iloc[0]
    assert ends["lower"] < 0 < ends["upper"]
    assert estimate.diagnostics["cells"] == len(frame) - 4
    assert len(estimate.labels) == 4 * 6 - 2  # of the four, the first two are treated
    assert np.isfinite(estimate.effect).all()
    assert "no exposure" in " ".join(map(str, estimate.notes))


@pytest.mark.statistical
def test_averted_incidents_agree_with_the_simulation(quick_fit: pe.EffectEstimate) -> None:
    incidents = quick_fit.recipe.design.incidents
    assert incidents is not None
    # Without the programme, exp(0.3) as many were to be expected in treated unit-periods.
    truth = incidents[quick_fit.recipe.design.treated].sum() * np.expm1(0.3)
    ends = quick_fit.averted().conf_int().iloc[0]
    assert ends["lower"] < truth < ends["upper"]


# Invariances ----------------------------------------------------------------------------


def test_same_seed_same_draws_in_any_row_order(quick_fit: pe.EffectEstimate) -> None:
    shuffled = simulated(-0.3, seed=1).sample(frac=1.0, random_state=7)
    before = shuffled.copy()
    again = pe.HierarchicalCounts(**QUICK).fit(design_of(shuffled))
    np.testing.assert_array_equal(again.uncertainty.draws, quick_fit.uncertainty.draws)
    pd.testing.assert_frame_equal(shuffled, before)


def test_rows_are_the_treated_unit_periods(quick_fit: pe.EffectEstimate) -> None:
    labels = quick_fit.labels
    assert list(labels.columns) == ["unit", "cohort", "period"]
    assert len(labels) == 4 * 6
    # An effect that is constant by assumption has no path over time to show.
    with pytest.raises(pe.EstimationError, match="not by event time"):
        quick_fit.by_event_time()
    assert quick_fit.scale.name == "log_rate_ratio"
    assert quick_fit.interval_kind == "credible"
    by_unit = quick_fit.by_unit()
    assert by_unit.terms == [f"unit area {number:02d}" for number in range(4)]
    # Units are seen treated equally long here, so the overall effect is the mean of theirs.
    np.testing.assert_allclose(
        quick_fit.overall().uncertainty.draws[:, 0], by_unit.uncertainty.draws.mean(axis=1), rtol=1e-12
    )


# How a design is read -------------------------------------------------------------------


def test_cells_of_a_design() -> None:
    cells = count_cells(design_of(simulated(0.0, seed=1)))
    assert cells.sites == tuple(f"area {number:02d}" for number in range(4))
    treated = cells.site > 0
    np.testing.assert_array_equal(treated, (cells.unit < 4) & (cells.period >= 6))
    np.testing.assert_array_equal(cells.site_units[cells.site[treated] - 1], cells.unit[treated])


def test_anticipation_is_left_out() -> None:
    frame = simulated(0.0, seed=1)
    whole, cut = count_cells(design_of(frame)), count_cells(design_of(frame, anticipation=2))
    assert len(whole.counts) - len(cut.counts) == 4 * 2
    assert (cut.site > 0).sum() == (whole.site > 0).sum()


def test_priors_are_on_the_scale_they_say() -> None:
    import pymc as pm

    cells = count_cells(design_of(simulated(0.0, seed=1)))
    priors = Priors(mean_effect=-0.1, mean_effect_sd=0.2)
    drawn = pm.draw(build(cells, priors)["mean_effect"], draws=4000, random_seed=1)
    # Monte Carlo error of a mean of 4,000 draws of sd 0.2 is 0.003; of their sd 0.002.
    assert drawn.mean() == pytest.approx(-0.1, abs=0.015)
    assert drawn.std() == pytest.approx(0.2, abs=0.01)


# What cannot be estimated ---------------------------------------------------------------


def test_refuses_counts_that_are_not_whole() -> None:
    frame = simulated(0.0, seed=1)
    frame.loc[13, "incidents"] = 2.5
    with pytest.raises(DesignError, match=r"not a whole number in 1 unit-periods \('area 01 2'\)"):
        count_cells(design_of(frame))


def test_refuses_an_outcome_without_incidents() -> None:
    with pytest.raises(DesignError, match="analysed as measure='value' with none behind it") as caught:
        count_cells(design_of(simulated(0.0, seed=1), measure="value"))
    assert "counts=" in str(caught.value)


def test_refuses_a_panel_without_incidents() -> None:
    with pytest.raises(EstimationError, match="no incident in any unit-period"):
        count_cells(design_of(simulated(0.0, seed=1).assign(incidents=0)))


def test_refuses_treated_units_never_seen_untreated() -> None:
    frame = simulated(0.0, seed=1)
    frame.loc[frame.start.notna() & (frame.month < 7), "incidents"] = np.nan
    with pytest.raises(EstimationError, match="both before and after its start"):
        count_cells(design_of(frame))


def test_refuses_treated_periods_without_comparison() -> None:
    frame = simulated(0.0, seed=1)
    frame.loc[frame.start.isna() & (frame.month >= 7), "incidents"] = np.nan
    with pytest.raises(EstimationError, match="cannot be told from what happened everywhere"):
        count_cells(design_of(frame))


def test_says_what_it_does_not_use() -> None:
    frame = simulated(-0.3, seed=1).query("area in ['area 00', 'area 05', 'area 06']")
    panel = pe.Panel(
        frame.assign(poverty=0.5, weight=1.0, district=frame["area"].str[-1].eq("0")),
        unit="area",
        period="month",
        outcomes=["incidents"],
        exposure="population",
        covariates=["poverty"],
        weights="weight",
    )
    options = {"treated_from": "start", "comparison": "never_treated", "cluster": "district"}
    design = pe.StudyDesign(panel, outcome="incidents", measure="rate", **options)
    said = " ".join(str(note) for note in _decided(count_cells(design), design))
    for words in (
        "sampling weights",
        "the covariates",
        "the clusters",
        "Only one unit",
        "whatever comparison",
    ):
        assert words in said


@pytest.mark.parametrize(
    "option", [{"draws": 5}, {"chains": 1}, {"seed": -1}, {"tune": 1.5}, {"target_accept": 1}]
)
def test_refuses_options_out_of_range(option: dict[str, float]) -> None:
    with pytest.raises(EstimationError, match=next(iter(option))):
        pe.HierarchicalCounts(**option)
    with pytest.raises(EstimationError, match="sd_effect=0"):
        Priors(sd_effect=0)


# The computation ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "name", "verdict"),
    [
        ({}, "r_hat", "green"),
        ({"r_hat": 1.02}, "r_hat", "amber"),
        ({"r_hat": 1.06}, "r_hat", "red"),
        ({"r_hat": np.nan}, "r_hat", "red"),
        ({"ess_bulk": 399.0}, "ess_bulk", "amber"),
        ({"ess_tail": 199.0}, "ess_tail", "red"),
        ({"divergences": 1}, "divergences", "amber"),
        ({"divergences": 41}, "divergences", "red"),
    ],
)
def test_gates(change: dict[str, float], name: str, verdict: str) -> None:
    good = {"divergences": 0, "r_hat": 1.0, "ess_bulk": 900.0, "ess_tail": 900.0, "bfmi": 1.0}
    gates = Convergence(**{**good, **change}, draws=4000, chains=4).gates  # type: ignore[arg-type]
    assert {gate.name: gate.verdict for gate in gates}[name] == verdict
    assert sum(gate.verdict != "green" for gate in gates) == len(change)


def test_a_short_run_says_that_it_is_short(quick_fit: pe.EffectEstimate) -> None:
    few = [gate for gate in quick_fit.diagnostics["gates"] if gate["verdict"] != "green"]
    assert few, "300 draws cannot hold 200 independent ones of every scale"
    assert sum("check of the computation" in str(note) for note in quick_fit.notes) == len(few)


def test_draws_are_thinned_where_memory_would_run_out() -> None:
    draws = np.arange(6000.0)[:, None]
    assert len(_thinned(draws, columns=100)) == 6000
    kept = _thinned(draws, columns=10_000)
    assert len(kept) * 10_000 <= 20_000_000
    np.testing.assert_array_equal(np.diff(kept[:, 0]), 3)


def test_importing_the_folder_loads_no_sampler() -> None:
    code = (
        "import sys, preventeval.bayes as bayes; bayes.HierarchicalCounts; bayes.build; "
        "sys.exit(bool({'pymc', 'arviz', 'nutpie', 'pytensor'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

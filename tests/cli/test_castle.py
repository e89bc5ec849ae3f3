"""The real programme that the demo runs on."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from preventeval.cli import main
from preventeval.spec import load_spec, make_design, make_estimator, read_panel

PREPARE = Path(__file__).parents[2] / "vignettes" / "castle-doctrine" / "prepare.py"


@pytest.fixture(scope="module")
def spec_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("castle")
    runpy.run_path(str(PREPARE))["main"](folder)
    return folder / "evaluation.toml"


def test_the_laws_are_dated_by_the_year_in_which_they_took_effect(spec_path: Path) -> None:
    spec = load_spec(spec_path)
    panel, _ = read_panel(spec)
    design = make_design(spec, panel, spec.primary)
    starts = {panel.periods.label(int(g)): int((design.cohort == g).sum()) for g in design.cohorts}
    assert starts == {"2005": 1, "2006": 13, "2007": 4, "2008": 2, "2009": 1}
    # Florida's was the first, in 2005: the states are named as they are numbered.
    assert panel.units[design.cohort == design.cohorts[0]].tolist() == ["Florida"]
    assert (panel.n_units, panel.n_periods, "District of Columbia" in panel.units) == (50, 11, False)


def test_counts_are_the_rates_times_the_population(spec_path: Path) -> None:
    panel, _ = read_panel(load_spec(spec_path))
    assert panel.exposure is not None
    for rate, count in (("homicide_rate", "homicides"), ("robbery_rate", "robberies")):
        rebuilt = panel.outcome(rate) * panel.exposure / 100_000
        # Half an incident of rounding, and a population rounded to one resident.
        np.testing.assert_allclose(panel.outcome(count), rebuilt, rtol=1e-5, atol=0.501)


@pytest.mark.reference
def test_homicide_rose_and_this_hangs_on_the_dating(spec_path: Path) -> None:
    spec = load_spec(spec_path)
    panel, _ = read_panel(spec)
    design = make_design(spec, panel, spec.primary)
    estimator = make_estimator(spec.estimation.estimator, {}, spec)
    overall = estimator.fit(design).overall()
    later = estimator.fit(design.with_starts_moved(1)).overall()
    # R did 2.5.1, analytic standard errors. The CSV file holds rates to eight digits, which moves
    # the estimate by less than the last of the six digits that are compared.
    assert overall.params.iloc[0] == pytest.approx(0.110383, abs=1e-6)
    assert overall.std_errors.iloc[0] == pytest.approx(0.038724, abs=1e-6)
    assert later.params.iloc[0] == pytest.approx(0.019403, abs=1e-6)
    assert later.std_errors.iloc[0] == pytest.approx(0.038389, abs=1e-6)


def test_the_spec_passes_check(spec_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", str(spec_path)])
    assert ended.value.code == 0
    assert "21 units start, 29 do not" in capsys.readouterr().out

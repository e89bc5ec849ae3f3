"""The tables in model cards are made from evidence, and the evidence can be made again."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DRAWS = 40
SETTING = (25, 2.0, -0.3, 160)


@pytest.fixture(scope="module")
def coverage() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        yield importlib.import_module("coverage")
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def again(coverage: Any) -> dict[str, dict[str, float]]:
    """One setting, on draws that the evidence did not use."""
    found = [coverage.draw(SETTING, seed) for seed in range(100_000, 100_000 + DRAWS)]
    return {case: np.array([one[case] for one in found]) for case in found[0]}


def folders() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("models/*/evidence.json"))


def evidence_of(folder: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / "models" / folder / "evidence.json").read_text(encoding="utf-8")))


def test_every_difference_in_differences_has_evidence(coverage: Any) -> None:
    assert set(folders()) >= set(coverage.CASES)
    names = {estimator.name for cases in coverage.CASES.values() for _, estimator, _ in cases}
    assert names == set(importlib.import_module("preventeval.did").__all__)


@pytest.mark.parametrize("folder", folders())
def test_table_is_what_the_evidence_says(coverage: Any, folder: str) -> None:
    card = (ROOT / "models" / folder / "card.md").read_text(encoding="utf-8")
    evidence = evidence_of(folder)
    assert evidence["draws"] >= 500
    counted = sum(measure == "rate" for measure, *_ in coverage.CASES[folder])
    few = sum(setting[3] == coverage.FEW for setting in coverage.settings())
    many = len(coverage.settings()) - few
    assert len(evidence["rows"]) == many * len(coverage.CASES[folder]) + few * counted
    assert coverage.with_table(card, coverage.table(evidence)) == card


@pytest.mark.statistical
@pytest.mark.parametrize("folder", folders())
def test_evidence_can_be_made_again(coverage: Any, again: dict[str, Any], folder: str) -> None:
    units, overdispersion, effect, incidents = SETTING
    for number, case in enumerate(coverage.CASES[folder]):
        errors, std_errors, covered = again[f"{folder}/{number}"].T
        (row,) = [
            row
            for row in evidence_of(folder)["rows"]
            if row["case"] == coverage.described(*case)
            and (row["areas"], row["overdispersion"]) == (units, overdispersion)
            and (row["effect"], row["incidents"]) == (coverage.said(effect), incidents)
        ]
        # 4 Monte Carlo standard errors of 40 draws: one in 16,000 for each of the few numbers.
        spread = row["standard_deviation"]
        assert abs(errors.mean() - row["bias"]) < 4 * spread / np.sqrt(DRAWS)
        assert abs(std_errors.mean() / row["mean_std_error"] - 1) < 4 * std_errors.std() / (
            std_errors.mean() * np.sqrt(DRAWS)
        )
        # plus one draw: a share of 1 has no spread of its own
        share = row["coverage"]
        assert abs(covered.mean() - share) < 4 * np.sqrt(share * (1 - share) / DRAWS) + 1 / DRAWS

"""What was computed can be stored, copied and sent to another process."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import preventeval as pe
from preventeval.sensitivity import start_date
from preventeval.words import Message

ROUND_TRIPS: list[Callable[[Any], Any]] = [lambda thing: pickle.loads(pickle.dumps(thing)), copy.deepcopy]
round_trips = pytest.mark.parametrize("again", ROUND_TRIPS, ids=["pickle", "deepcopy"])


@pytest.fixture(scope="module")
def design() -> pe.StudyDesign:
    return pe.example_design()


@round_trips
def test_panels_and_designs(design: pe.StudyDesign, again: Callable[[Any], Any]) -> None:
    other = again(design)
    assert other.fingerprint == design.fingerprint
    assert again(design.panel).fingerprint == design.panel.fingerprint
    assert other.notes == design.notes
    assert np.array_equal(other.y, design.y, equal_nan=True)
    # What it was made from came along: it can still make further designs.
    assert other.with_starts_moved(1).fingerprint == design.with_starts_moved(1).fingerprint
    assert other.panel.by_unit("district").tolist() == design.panel.by_unit("district").tolist()
    with pytest.raises(TypeError):
        other.panel.outcomes["new"] = other.y


@round_trips
@pytest.mark.parametrize("estimator", [pe.CallawaySantAnna(), pe.TwoWayFixedEffects()], ids=lambda e: e.name)
def test_estimates(design: pe.StudyDesign, estimator: Any, again: Callable[[Any], Any]) -> None:
    estimate = estimator.fit(design)
    other = again(estimate)
    assert other.tidy().equals(estimate.tidy())
    assert other.overall().tidy().equals(estimate.overall().tidy())
    assert other.uncertainty.cov.tolist() == estimate.uncertainty.cov.tolist()
    assert repr(other.diagnostics) == repr(estimate.diagnostics)  # NaN does not equal itself


@round_trips
def test_findings_and_messages(design: pe.StudyDesign, again: Callable[[Any], Any]) -> None:
    finding = start_date(pe.TwoWayFixedEffects().fit(design))
    other = again(finding)
    assert str(other) == str(finding)
    plain, filled = Message("note-no-data", {"count": 1, "units": "A"}), Message("note-missing-cells")
    assert again(filled) == filled
    assert str(again(plain)) == str(plain)


def test_another_process_reads_what_was_stored(design: pe.StudyDesign) -> None:
    read = "import pickle, sys; print(pickle.load(sys.stdin.buffer).fingerprint)"
    done = subprocess.run(
        [sys.executable, "-c", read], input=pickle.dumps(design), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == design.fingerprint

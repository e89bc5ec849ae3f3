"""What every test may use."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib: tests run without a screen


@dataclass(frozen=True)
class Oracle:
    """Simulated panels, and what reference packages answered on them.

    Each record holds its exact call, the versions, and the answer as a list of rows under ``table``.
    """

    folder: Path

    def panel(self, name: str) -> pd.DataFrame:
        """The panel of that name, one row per unit and period (cohort 0 is never treated)."""
        return pd.read_csv(self.folder / f"{name}.csv")

    def record(self, name: str) -> dict[str, Any]:
        """The record of that name, without its ending; null became None."""
        record: dict[str, Any] = json.loads((self.folder / "records" / f"{name}.json").read_text("utf-8"))
        return record

    def records(self, pattern: str) -> list[str]:
        """Names of the records that match, such as ``staggered_linear__did__attgt*``; at least one."""
        names = sorted(path.stem for path in (self.folder / "records").glob(f"{pattern}.json"))
        assert names, f"no record matches {pattern}"
        return names

    def truth(self) -> dict[str, Any]:
        """The parameters that the panels were simulated with, and their realised effects."""
        truth: dict[str, Any] = json.loads((self.folder / "truth.json").read_text("utf-8"))
        return truth


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Loader of the reference panels and records."""
    return Oracle(Path(__file__).parent / "reference" / "oracle")

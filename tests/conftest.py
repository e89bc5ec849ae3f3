"""What every test may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

#: Scripts that made the reference answers: they import each other.
collect_ignore_glob = ["reference/pack*.py"]

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib: tests run without a screen


@dataclass(frozen=True)
class Oracle:
    """Simulated panels that reference packages have answered on."""

    folder: Path

    def panel(self, name: str) -> pd.DataFrame:
        """The panel of that name, one row per unit and period (cohort 0 is never treated)."""
        return pd.read_csv(self.folder / f"{name}.csv")


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Loader of the reference panels."""
    return Oracle(Path(__file__).parent / "reference" / "oracle")

"""Every vignette runs, and its own assertions hold."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

VIGNETTES = sorted((Path(__file__).parents[2] / "vignettes").glob("[0-9][0-9]-*.py"))


@pytest.mark.parametrize("path", VIGNETTES, ids=lambda path: path.stem)
def test_vignette(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out

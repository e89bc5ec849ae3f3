"""Where a benchmark ran, to stand beside its numbers."""

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import preventeval

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("numpy", "pandas", "scipy", "linearmodels", "diff-diff", "moderndid")


def environment() -> dict[str, Any]:
    versions: dict[str, str | None] = {"preventeval": preventeval.__version__}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            versions[library] = None
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "processors": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "versions": versions,
    }


def write(name: str, results: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"environment": environment(), **results}, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(text)

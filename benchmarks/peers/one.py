"""Run one package on one job in a process of its own, and print what it cost as JSON.

Usage: ``python one.py PACKAGE JOB UNITS PERIODS COVARIATES REPEATS``
"""

import gc
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from panels import panel

MODULES = {
    "preventeval": "ours",
    "diff-diff": "diff_diff_jobs",
    "moderndid": "moderndid_jobs",
    "pyfixest": "pyfixest_jobs",
}
LIBRARIES = ("numpy", "pandas", "numba", "polars")


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a call returns, and its processor and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = call()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def memory_mb(kind: str) -> float:
    """Resident memory of this process now (``VmRSS``), or its peak since it was reset (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))


def peak_mb_above(call: Callable[[], Any]) -> float | None:
    """How far memory rises during a call; None where the system does not say."""
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    gc.collect()
    reset.write_text("5", encoding="ascii")
    before = memory_mb("VmRSS")
    call()
    return memory_mb("VmHWM") - before


def versions(package: str) -> dict[str, str]:
    installed = {}
    for name in (package, *LIBRARIES):
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def main(package: str, job: str, units: int, periods: int, covariates: int, repeats: int) -> None:
    call = importlib.import_module(MODULES[package]).JOBS[job]
    frame = panel(units, periods, covariates)
    # A small job first: libraries that load or compile on first use are not charged to the size.
    small = panel(60, periods, covariates)
    _, first_cpu, _ = timed(lambda: call(small))
    peak = peak_mb_above(lambda: call(frame))
    rows = call(frame)
    runs = [timed(lambda: call(frame))[1:] for _ in range(repeats)]
    result = {
        "first_call_seconds": first_cpu,
        "cpu_seconds": statistics.median(run[0] for run in runs),
        "wall_seconds": statistics.median(run[1] for run in runs),
        "peak_mb_above_input": peak,
        "input_mb": frame.memory_usage(index=False).sum() / 2**20,
        "versions": versions(package),
        "rows": rows,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    name, what, *numbers = sys.argv[1:]
    main(name, what, *(int(number) for number in numbers))

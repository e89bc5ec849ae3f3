"""What an analysis costs from the user's table on, beside other packages that do the same.

Usage: ``OMP_NUM_THREADS=1 python benchmarks/speed.py [--peers PYTHON] [--only JOB ...]``, where
PYTHON is an interpreter that has the packages of ``peers/requirements.txt``. Every package runs
every job in a fresh process, one thread, in turn. A row without the difference from our numbers
is not written.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from environment import RESULTS, write

PEERS = {
    "group_time": ("diff-diff", "moderndid"),
    "group_time_bands": ("diff-diff", "moderndid"),
    "group_time_rademacher": ("diff-diff",),
    "imputation": ("diff-diff",),
    "event_study": ("pyfixest",),
    "count_static": ("pyfixest",),
    "count_event_study": ("pyfixest",),
    "count_saturated": (),
}
#: Units, periods and covariates of each job.
CITY, WIDE, LARGE = (1_000, 10), (1_000, 60), (100_000, 10)
SIZES = {
    "group_time": [
        (*size, k) for k in (0, 2) for size in ((100, 10), CITY, (10_000, 10), LARGE, WIDE, (10_000, 60))
    ],
    "group_time_bands": [(*size, k) for k in (0, 2) for size in (CITY, LARGE, WIDE)],
    "group_time_rademacher": [(*LARGE, 0)],
    "imputation": [(*CITY, 0), (*LARGE, 0), (10_000, 60, 0)],
    "event_study": [(*CITY, 0), (*LARGE, 0), (10_000, 60, 0)],
    "count_static": [(*CITY, 0), (10_000, 60, 0)],
    "count_event_study": [(*CITY, 0), (10_000, 60, 0)],
    "count_saturated": [(*CITY, 0), (*WIDE, 0), (10_000, 60, 0)],
}
WORDS = {
    "group_time": "`CallawaySantAnna`, all cells, event study, standard errors",
    "group_time_bands": "… and uniform band, 999 draws in the others",
    "group_time_rademacher": "… band by 999 strict Rademacher draws in ours too",
    "imputation": "`ImputationDiD`, event study",
    "event_study": "`TwoWayFixedEffects`, event study",
    "count_static": "`TwoWayFixedEffects`, Poisson with offset, one effect",
    "count_event_study": "`TwoWayFixedEffects`, Poisson with offset, event study",
    "count_saturated": "`PoissonDiD`, all cells, event study",
}
BEGIN, END = "<!-- speed: made by speed.py -->", "<!-- speed ends -->"
HERE = Path(__file__).parent / "peers"
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS_MAX")
TIME_LIMIT = 600


def run(python: str, package: str, job: str, size: tuple[int, ...]) -> dict[str, Any] | None:
    """Cost and numbers of one package on one job; None where it does not finish."""
    one_thread = {f"{name}_{'' if name == 'POLARS_MAX' else 'NUM_'}THREADS": "1" for name in THREADS}
    # A fixed seed of hashes: pyfixest's clustered standard errors depend on it.
    settings = os.environ | one_thread | {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    repeats = 3 if size[0] * size[1] >= 500_000 else 9
    call = [python, "one.py", package, job, *(str(number) for number in (*size, repeats))]
    try:
        done = subprocess.run(
            call, cwd=HERE, env=settings, capture_output=True, text=True, timeout=TIME_LIMIT, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"{package} did not finish {job} {size}: {str(error.stderr)[-300:]}", file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def difference(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> dict[str, float] | None:
    """Largest differences of estimates and of standard errors, where both packages have one."""
    shared = [key for key in ours if key in theirs and theirs[key][1] and theirs[key][1] == theirs[key][1]]
    if not shared:
        return None
    gaps = [[abs(a - b) for a, b in zip(ours[key], theirs[key], strict=True)] for key in shared]
    return {
        "rows_compared": len(shared),
        "estimate": max(gap[0] for gap in gaps),
        "std_error": max(gap[1] for gap in gaps),
    }


def measure(job: str, size: tuple[int, int, int], peers: str | None) -> dict[str, Any] | None:
    """One row of the results."""
    ours = run(sys.executable, "preventeval", job, size)
    if ours is None:
        return None
    numbers = ours.pop("rows")
    row: dict[str, Any] = {
        "job": job,
        "units": size[0],
        "periods": size[1],
        "covariates": size[2],
        "preventeval": ours,
    }
    for package in PEERS[job] if peers else ():
        theirs = run(str(peers), package, job, size)
        apart = theirs and difference(numbers, theirs.pop("rows"))
        if theirs and apart:
            ratio = theirs["cpu_seconds"] / ours["cpu_seconds"]
            row[package] = {**theirs, "times_our_cpu": ratio, "largest_difference": apart}
    print(json.dumps(row), file=sys.stderr)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """The table of the README."""
    lines = [
        BEGIN,
        "",
        "| job | units × periods | covariates | CPU s | peak above input / input, MB | others: CPU as a "
        "multiple of ours (largest difference of estimates, of standard errors) |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        ours = row["preventeval"]
        peak = ours["peak_mb_above_input"]
        others = []
        for package in PEERS[row["job"]]:
            if package in row:
                apart = row[package]["largest_difference"]
                gap = f"{apart['estimate']:.0e}, {apart['std_error']:.0e}"
                others.append(f"{package} **{row[package]['times_our_cpu']:.1f}** ({gap})")
        memory = "" if peak is None else f"{peak:.0f} / {ours['input_mb']:.0f}"
        lines.append(
            f"| {WORDS[row['job']]} | {row['units']:,} × {row['periods']} | {row['covariates']} | "
            f"{ours['cpu_seconds']:.4f} | {memory} | {'; '.join(others)} |"
        )
    return "\n".join([*lines, "", END])


def show(rows: list[dict[str, Any]]) -> None:
    """Put the table into the README."""
    path = Path(__file__).parent / "README.md"
    text = path.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) + len(END) :]
    path.write_text(before + table(rows) + after, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="interpreter that has the other packages")
    parser.add_argument("--only", nargs="*", choices=list(SIZES), default=list(SIZES), metavar="JOB")
    options = parser.parse_args()
    rows = [measure(job, size, options.peers) for job in options.only for size in SIZES[job]]
    kept: list[dict[str, Any]] = []
    before = RESULTS / "speed.json"
    if len(options.only) < len(SIZES) and before.exists():
        old = json.loads(before.read_text(encoding="utf-8"))["rows"]
        kept = [row for row in old if row.get("job") not in options.only]
    order = list(SIZES)
    found = sorted([*kept, *(row for row in rows if row)], key=lambda row: order.index(row["job"]))
    write("speed", {"rows": found})
    show(found)


if __name__ == "__main__":
    main()

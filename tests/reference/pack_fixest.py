"""Pack the reference answers of regressions with fixed effects, all panels in one file per package.

Usage: ``python tests/reference/pack_fixest.py SOURCE TARGET``, where SOURCE holds ``PANEL.csv`` and
``records/PANEL__PACKAGE__OPTIONS.json``. Written are ``fixest.json`` and ``clubsandwich.json`` (with
plm), and the panels that are not there yet. Matrices and test statistics are left out.
"""

import json
import shutil
import sys
from pathlib import Path

PACKAGES = {"fixest": ("fixest",), "clubsandwich": ("clubSandwich-plm", "plm")}
#: Saturated regressions by hand, which another estimator is compared with.
ELSEWHERE = "poisson_byhand"
KEPT = ("version", "call", "options", "nobs", "K", "df_t")


def pack(source: Path, target: Path, packages: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """All records of some packages by panel and options; their panels are copied."""
    records: dict[str, dict[str, object]] = {}
    for path in sorted((source / "records").glob("*.json")):
        if path.stem.count("__") < 2:
            continue
        panel, package, options = path.stem.split("__", 2)
        if package not in packages or options.startswith(ELSEWHERE):
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        kept = {key: record[key] for key in KEPT if key in record}
        kept["table"] = [
            {k: v for k, v in row.items() if k not in ("stat", "p", "t")} for row in record["table"]
        ]
        records.setdefault(panel, {})[options] = kept
        if not (target / f"{panel}.csv").exists():
            shutil.copyfile(source / f"{panel}.csv", target / f"{panel}.csv")
    return records


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for name, packages in PACKAGES.items():
        panels = [
            f"{json.dumps(panel)}:{{\n"
            + ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in kept.items())
            + "}"
            for panel, kept in pack(source, target, packages).items()
        ]
        (target / f"{name}.json").write_text("{" + ",\n".join(panels) + "}\n", encoding="utf-8")

"""Pack the reference answers of one panel into one small file.

Usage: ``python tests/reference/pack.py SOURCE TARGET PANEL [PANEL …]``, where SOURCE holds
``PANEL.csv`` and ``records/PANEL__PACKAGE__OPTIONS.json``. Kept are the records of
``PATTERNS`` with their exact calls, and of each what tests compare (``KEPT``); their tables are
written by column.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

#: R's did (group-time effects and their averages) and DRDID (one cell each).
PATTERNS = ("did__*", "DRDID__*")
KEPT = (
    "version",
    "call",
    "options",
    "crit_val_att_gt",
    "crit_val_dynamic",
    "wald_pretest_stat",
    "dynamic_covariance",
    "table",
)
LEFT_OUT_COLUMNS = ("stat", "p")


def packed(record: dict[str, Any]) -> dict[str, Any]:
    """What tests compare of one record."""
    rows = record["table"]
    columns = [name for name in rows[0] if name not in LEFT_OUT_COLUMNS]
    by_column = {name: [row[name] for row in rows] for name in columns}
    return {key: record[key] for key in KEPT if key in record} | {"table": by_column}


def pack(source: Path, target: Path, panel: str) -> None:
    """Write TARGET/PANEL.json and copy the panel beside it."""
    paths = [p for pattern in PATTERNS for p in sorted((source / "records").glob(f"{panel}__{pattern}.json"))]
    lines = [
        f"{json.dumps(path.stem.removeprefix(f'{panel}__'))}:"
        f"{json.dumps(packed(json.loads(path.read_text(encoding='utf-8'))), separators=(',', ':'))}"
        for path in paths
    ]
    (target / f"{panel}.json").write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
    shutil.copyfile(source / f"{panel}.csv", target / f"{panel}.csv")


if __name__ == "__main__":
    for name in sys.argv[3:]:
        pack(Path(sys.argv[1]), Path(sys.argv[2]), name)

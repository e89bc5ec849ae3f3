"""Pack the reference answers of one panel into one small file.

Usage: ``python tests/reference/pack.py SOURCE TARGET PANEL [PANEL …]``, where SOURCE holds
``PANEL.csv`` and ``records/PANEL__PACKAGE__OPTIONS.json``. Kept are the records of R's
``did`` (group-time effects and their averages) and of fixest's two-way fixed effects, with
their exact calls; matrices and remarks are left out.
"""

import json
import shutil
import sys
from pathlib import Path

PATTERNS = ("did__attgt_*", "did__aggte_*", "did__boot_*", "fixest__twfe_*")
KEPT = ("version", "call", "options", "K", "df_t", "crit_val_att_gt", "crit_val_dynamic", "table")


def pack(source: Path, target: Path, panel: str) -> None:
    """Write TARGET/PANEL.json and copy the panel beside it."""
    paths = [p for pattern in PATTERNS for p in sorted((source / "records").glob(f"{panel}__{pattern}.json"))]
    records = {}
    for path in paths:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["table"] = [
            {k: v for k, v in row.items() if k not in ("stat", "p")} for row in record["table"]
        ]
        records[path.stem.removeprefix(f"{panel}__")] = {key: record[key] for key in KEPT if key in record}
    lines = [
        f"{json.dumps(name)}:{json.dumps(record, separators=(',', ':'))}" for name, record in records.items()
    ]
    (target / f"{panel}.json").write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
    shutil.copyfile(source / f"{panel}.csv", target / f"{panel}.csv")


if __name__ == "__main__":
    for name in sys.argv[3:]:
        pack(Path(sys.argv[1]), Path(sys.argv[2]), name)

"""Pack the reference answers of R's didimputation and did2s into one small file.

Usage: ``python tests/reference/pack_imputation.py SOURCE TARGET``, where SOURCE holds
``records/PANEL__PACKAGE__OPTIONS.json``. Their panels are copied by ``pack.py``.
"""

import json
import sys
from pathlib import Path

from pack import packed

PATTERNS = ("*__didimputation__*.json", "*__did2s__*.json")


def pack_imputation(source: Path, target: Path) -> None:
    """Write TARGET/imputation.json."""
    paths = sorted(path for pattern in PATTERNS for path in (source / "records").glob(pattern))
    lines = [
        f"{json.dumps(path.stem)}:"
        f"{json.dumps(packed(json.loads(path.read_text(encoding='utf-8'))), separators=(',', ':'))}"
        for path in paths
    ]
    (target / "imputation.json").write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    pack_imputation(Path(sys.argv[1]), Path(sys.argv[2]))

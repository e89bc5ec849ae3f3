"""Pack the answers of R's etwfe, and of Wooldridge's Poisson regression by hand in fixest, into one file.

Usage: ``python tests/reference/pack_etwfe.py SOURCE TARGET``, where SOURCE holds
``records/PANEL__PACKAGE__OPTIONS.json``; written is ``TARGET/etwfe.json``. Records are packed as
``pack.py`` packs them.
"""

import json
import sys
from pathlib import Path

from pack import packed

PATTERNS = ("*__etwfe-marginaleffects-fixest__*", "*__fixest__poisson_byhand_*")


def pack(source: Path, target: Path) -> None:
    """Write TARGET/etwfe.json."""
    paths = [path for pattern in PATTERNS for path in sorted((source / "records").glob(f"{pattern}.json"))]
    lines = [
        f"{json.dumps(path.stem)}:"
        f"{json.dumps(packed(json.loads(path.read_text(encoding='utf-8'))), separators=(',', ':'))}"
        for path in paths
    ]
    (target / "etwfe.json").write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))

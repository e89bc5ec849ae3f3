"""The folder's ``__all__`` is the registry, and loading it costs nothing."""

from __future__ import annotations

import subprocess
import sys

from preventeval import did


def test_every_name_loads() -> None:
    assert [getattr(did, name).name for name in did.__all__] == did.__all__
    assert dir(did) == sorted(did.__all__)


def test_listing_loads_no_estimation_library() -> None:
    heavy = "{'statsmodels', 'linearmodels', 'scipy.stats', 'pymc', 'matplotlib'}"
    code = (
        "import sys; from preventeval import did; did.__all__; "
        f"did.CallawaySantAnna(); did.TwoWayFixedEffects(); print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

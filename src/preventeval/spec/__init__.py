"""The spec file: everything that an evaluation needs to know, in one TOML file."""

from preventeval.spec.blame import require_counts
from preventeval.spec.data import make_design, read_panel
from preventeval.spec.model import OutcomeSpec, Spec
from preventeval.spec.options import make_estimator
from preventeval.spec.read import load_spec, spec_schema
from preventeval.spec.registry import takes_counts

__all__ = [
    "OutcomeSpec",
    "Spec",
    "load_spec",
    "make_design",
    "make_estimator",
    "read_panel",
    "require_counts",
    "spec_schema",
    "takes_counts",
]

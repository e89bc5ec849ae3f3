"""The spec file: everything that an evaluation needs to know, in one TOML file."""

from preventeval.spec.data import make_design, read_panel
from preventeval.spec.model import OutcomeSpec, Spec
from preventeval.spec.options import make_estimator
from preventeval.spec.read import load_spec, spec_schema

__all__ = ["OutcomeSpec", "Spec", "load_spec", "make_design", "make_estimator", "read_panel", "spec_schema"]

"""Evaluation: from a spec or a design to estimates, findings, Facts and reports."""

from preventeval.evaluation.run import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]

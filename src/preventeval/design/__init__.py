"""The study design: who was treated when, against whom, and what is measured."""

from preventeval.design.study import AIMS, COMPARISONS, MEASURES, Aim, Comparison, Measure, StudyDesign

__all__ = ["AIMS", "COMPARISONS", "MEASURES", "Aim", "Comparison", "Measure", "StudyDesign"]

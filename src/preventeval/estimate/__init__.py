"""The one result type of the package, and the recipe that every result carries."""

from preventeval.estimate.effect import EffectEstimate
from preventeval.estimate.family import adjust_family
from preventeval.estimate.recipe import Estimator, EstimatorWithLeads, Recipe
from preventeval.estimate.wald import WaldTest

__all__ = ["EffectEstimate", "Estimator", "EstimatorWithLeads", "Recipe", "WaldTest", "adjust_family"]

"""The one result type of the package, and the recipe that every result carries."""

from preventeval.estimate.effect import EffectEstimate
from preventeval.estimate.recipe import Estimator, Recipe

__all__ = ["EffectEstimate", "Estimator", "Recipe"]

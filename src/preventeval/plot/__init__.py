"""Charts in matplotlib, for notebooks: those of the reports, and some for papers.

Every function draws on the Axes it is given, or on those of a new figure, and returns
them. None shows a figure or changes a setting of matplotlib.

Examples
--------
>>> import preventeval as pe
>>> estimate = pe.CallawaySantAnna().fit(pe.example_design())
>>> axes = pe.plot.event_study(estimate)
>>> axes.get_xlabel()
'Periods since the start of the programme'
"""

from preventeval.plot.comparisons import goodman_bacon
from preventeval.plot.effects import cohorts, event_study, forest
from preventeval.plot.incidents import cumulative_averted, observed_expected

__all__ = ["cohorts", "cumulative_averted", "event_study", "forest", "goodman_bacon", "observed_expected"]

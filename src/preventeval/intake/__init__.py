"""From incident records to counts per unit and period, with nothing lost in silence."""

from preventeval.intake.counts import IncidentCounts, count_incidents
from preventeval.intake.statement import DataStatement, Note

__all__ = ["DataStatement", "IncidentCounts", "Note", "count_incidents"]

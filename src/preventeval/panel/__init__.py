"""The panel: outcomes of every unit in every period, checked once and trusted afterwards."""

from preventeval.panel.panel import Panel

__all__ = ["Panel"]

"""Did this city's crime- or violence-prevention programme work?"""

__version__ = "0.1.0"
from preventeval.panel import Panel
from preventeval.design import StudyDesign

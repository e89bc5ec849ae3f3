"""Reports: from Facts, and from nothing else, to sentences, charts and pages."""

from __future__ import annotations

from preventeval.report.brief import brief_html as render_brief
from preventeval.report.facts import (
    ChartSeries,
    DataFacts,
    DesignFacts,
    EffectRow,
    EstimateFacts,
    Facts,
    FamilyFacts,
    FamilyRow,
    FindingFacts,
    GateFacts,
    GroupFacts,
    OutcomeFacts,
    ProgrammeFacts,
    Quantity,
    ReproduceFacts,
    Sentence,
    StartFacts,
    SubgroupFacts,
    VerdictFacts,
    load_facts,
)
from preventeval.report.sentences import headline
from preventeval.report.technical import technical_html as render_technical

__all__ = [
    "ChartSeries",
    "DataFacts",
    "DesignFacts",
    "EffectRow",
    "EstimateFacts",
    "Facts",
    "FamilyFacts",
    "FamilyRow",
    "FindingFacts",
    "GateFacts",
    "GroupFacts",
    "OutcomeFacts",
    "ProgrammeFacts",
    "Quantity",
    "ReproduceFacts",
    "Sentence",
    "StartFacts",
    "SubgroupFacts",
    "VerdictFacts",
    "headline",
    "load_facts",
    "render_brief",
    "render_technical",
]

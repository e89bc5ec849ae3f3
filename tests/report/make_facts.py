"""Facts made by hand: one programme for every kind of answer."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from preventeval.report import (
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
)


def quantity(value: float, low: float | None, high: float | None, scale: str, **more: Any) -> Quantity:
    """A number with its 95 per cent confidence interval."""
    return Quantity(
        **{"value": value, "low": low, "high": high, "level": 0.95, "kind": "confidence", "scale": scale}
        | more
    )


def percent(value: float, low: float | None, high: float | None, **more: Any) -> Quantity:
    return quantity(value, low, high, "percent", **more)


def incidents(value: float, low: float | None, high: float | None, **more: Any) -> Quantity:
    return quantity(value, low, high, "incidents", **more)


def estimate(**more: Any) -> EstimateFacts:
    """An estimate by difference-in-differences: a rise of 11.7 per cent."""
    rows = [
        EffectRow(
            label=str(time),
            value=value,
            low=None if time == -1 else value - 9.5,
            high=None if time == -1 else value + 10.5,
            band_low=None if time == -1 else value - 14,
            band_high=None if time == -1 else value + 16,
            reference=time == -1,
            units=3 if time == -5 else 21,
        )
        for time, value in zip(
            range(-5, 5), (1.2, -2.1, 0.4, -1.1, 0.0, 9.2, 12.4, 11.0, 14.8, 10.1), strict=True
        )
    ]
    return EstimateFacts(
        **{
            "method": "CallawaySantAnna",
            "school": "design_based",
            "overall": quantity(0.110383, 0.0345, 0.1863, "log_points"),
            "percent": percent(11.67, 3.61, 20.53),
            "change": incidents(2437.2, 812.4, 3979.8),
            "expected": 21240.8,
            "by_event_time": rows,
            "by_cohort": [
                EffectRow(label="2005", value=18.2, low=9.9, high=27.3),
                EffectRow(label="2006", value=10.4, low=0.3, high=21.7),
            ],
            "options": {"method": "doubly_robust", "base_period": "varying"},
            "diagnostics": {"cells": 47, "smallest_comparison": 29},
            "references": [
                "Callaway, B. & Sant'Anna, P. (2021). https://doi.org/10.1016/j.jeconom.2020.12.001"
            ],
        }
        | more
    )


def effect(value: float, low: float, high: float) -> Sentence:
    """An effect in per cent, to stand within a sentence."""
    values = {"value": value, "low": low, "high": high, "scale": "percent", "per": 0}
    return Sentence(key="effect-with-interval", values=values)


def start_date_finding() -> FindingFacts:
    values = {
        "frequency": "year",
        "direction": "later",
        "effect": effect(2.0, -5.4, 9.9),
        "original": effect(11.7, 3.6, 20.5),
    }
    return FindingFacts(
        check="start_date",
        verdict="weakens",
        sentence=Sentence(key="finding-start-date-hangs", values=values),
        columns=["starts_moved_by", "estimate", "conf_low", "conf_high"],
        rows=[[-1, 0.061, -0.012, 0.134], [0, 0.110383, 0.0345, 0.1863], [1, 0.019403, -0.0558, 0.0946]],
    )


def pre_trends_finding() -> FindingFacts:
    return FindingFacts(
        check="pre_trends",
        verdict="supports",
        sentence=Sentence(key="finding-pre-trends-alike", values={"count": 5, "left_out": 0}),
        columns=["event_time", "estimate", "p_value"],
        rows=[["-2", -0.011, None], ["joint test", None, 0.41]],
    )


def stopped_finding(check: str = "placebo_in_time") -> FindingFacts:
    reason = "there are no periods before the first start but one"
    return FindingFacts(
        check=check,
        verdict="could_not_run",
        sentence=Sentence(key="finding-could-not-run", values={"reason": reason}),
    )


def verdict(
    direction: str = "rise", certainty: str = "moderate", *, aim: str = "reduce", **more: Any
) -> VerdictFacts:
    """A verdict; whether it is wanted follows from direction and aim."""
    wanted = None if direction == "unclear" else (direction == "fall") == (aim == "reduce")
    reasons = [
        Sentence(key="reason-interval-clear" if wanted is not None else "reason-interval-both"),
        Sentence(key="reason-not-randomised"),
        Sentence(key="reason-check-supports", values={"count": 1}),
    ]
    given = {"direction": direction, "certainty": certainty, "wanted": wanted, "reasons": reasons}
    return VerdictFacts(**given | more)


def series(rise: float = 1.117) -> ChartSeries:
    """Yearly totals of 21 states, of which the first started in 2005."""
    labels = [str(year) for year in range(2000, 2011)]
    observed = [7412.0, 7630.0, 7544.0, 7701.0, 7650.0, 7820.0, 8390.0, 8512.0, 8205.0, 7911.0, 7640.0]
    expected: list[float | None] = [None] * 5
    share = [0.05, 0.7, 0.85, 0.95, 1.0, 1.0]
    expected += [value / rise**part for value, part in zip(observed[5:], share, strict=True)]
    low = [None if e is None else e * 0.94 for e in expected]
    high = [None if e is None else e * 1.065 for e in expected]
    return ChartSeries(
        unit="incidents",
        labels=labels,
        observed=list(observed),
        expected=expected,
        expected_low=low,
        expected_high=high,
        starts=[5, 6, 7, 8, 9],
        starts_count=[1, 13, 4, 2, 1],
    )


def outcome(**more: Any) -> OutcomeFacts:
    """Homicides: probably rose, and it hangs on how the start is dated."""
    given = {
        "name": "homicide_rate",
        "label": "homicides",
        "role": "primary",
        "aim": "reduce",
        "measure": "log",
        "counted": True,
        "observed": 23678.0,
        "small_base": False,
        "primary": estimate(),
        "others": [],
        "verdict": verdict(hinges=["start_date"]),
        "findings": [pre_trends_finding(), start_date_finding(), stopped_finding()],
        "series": series(),
    }
    return OutcomeFacts(**given | more)


def facts(*outcomes: OutcomeFacts, programme: dict[str, Any] | None = None, **more: Any) -> Facts:
    """The whole document about some outcomes."""
    told = {
        "name": "castle-doctrine laws",
        "place": "21 US states",
        "description": "The laws widen the right to use lethal force in self-defence.",
        "author": "A. Evaluator",
        "funder": "City Council",
        "contact": "evaluation@example.org",
        "next_look": "in November 2027",
    }
    given = {
        "created": dt.date(2026, 11, 22),
        "level": 0.95,
        "programme": ProgrammeFacts(**told | (programme or {})),
        "design": design(),
        "data": DataFacts(
            source="castle.csv",
            fingerprint="3f1c9a5be07744d2a1b6c8d90e2f4a6b8c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f",
            n_cells=550,
            n_missing=0,
        ),
        "outcomes": list(outcomes) or [outcome()],
        "reproduce": ReproduceFacts(
            version="0.1.0",
            python="3.13.0",
            packages={"numpy": "2.5.5", "pandas": "3.1.1"},
            seed=20130419,
            spec="spec_version = 1\n",
            command="preventeval run evaluation.toml --out results",
        ),
    }
    return Facts(**given | more)


def design(**more: Any) -> DesignFacts:
    given = {
        "unit": "state",
        "n_units": 50,
        "n_treated": 21,
        "n_comparison": 29,
        "n_treated_cells": 96,
        "starts": [
            StartFacts(label="2005", count=1, units=["Florida"]),
            StartFacts(label="2006", count=13, units=["Alabama", "Alaska", "Arizona", "Georgia"]),
            StartFacts(label="2009", count=1, units=["Montana"]),
        ],
        "frequency": "year",
        "first": "2000",
        "last": "2010",
        "n_periods": 11,
        "comparison": "never_treated",
        "anticipation": 0,
        "cluster": "state",
        "n_clusters": 50,
        "covariates": [],
        "weighted": False,
    }
    return DesignFacts(**given | more)


def twfe() -> EstimateFacts:
    return EstimateFacts(
        method="TwoWayFixedEffects",
        school="design_based",
        overall=quantity(0.0694, -0.0401, 0.1789, "log_points"),
        percent=percent(7.19, -3.93, 19.59),
        options={"event_study": False},
    )


def hierarchical(*gates: GateFacts) -> EstimateFacts:
    return EstimateFacts(
        method="HierarchicalCounts",
        school="model_based",
        overall=quantity(0.081, 0.021, 0.142, "log_rate_ratio", kind="credible"),
        percent=percent(8.44, 2.12, 15.26, kind="credible"),
        change=incidents(1843, 492, 3136, kind="credible"),
        expected=21835,
        probability_of_fall=0.004,
        by_unit=[EffectRow(label="Florida", value=15.1, low=4.2, high=27.0)],
        gates=list(gates) or [GateFacts(name="r_hat", verdict="green", value=1.003, limit=1.01)],
    )


def failed(method: str = "HierarchicalCounts") -> EstimateFacts:
    return EstimateFacts(method=method, school="model_based", failed="homicides are not whole numbers")


def castle() -> Facts:
    """A harmful programme: homicides probably rose, and it hangs on how the start is dated."""
    robbery = outcome(
        name="robbery_rate",
        label="robberies",
        role="secondary",
        primary=estimate(
            percent=percent(-0.9, -7.6, 6.2),
            change=incidents(-1890, -15200, 12100),
            expected=211000,
            overall=quantity(-0.009, -0.079, 0.06, "log_points"),
        ),
        observed=209110.0,
        verdict=verdict("unclear"),
        findings=[],
        series=None,
    )
    note = Sentence(key="note-zero-as-never", values={"column": "law_from", "count": 29})
    return facts(
        outcome(others=[twfe(), hierarchical().model_copy(update={"notes": [note]})]),
        robbery,
        design=design(notes=[note]),
        programme={"cautions": ["Counts were rebuilt from rates and mean population."]},
    )


def lighting(certainty: str = "moderate", **more: Any) -> Facts:
    """A programme that did what it was for: robberies fell."""
    primary = estimate(
        overall=quantity(-0.223, -0.361, -0.085, "log_rate_ratio"),
        percent=percent(-20.0, -30.3, -8.2),
        change=incidents(-45.2, -77.9, -12.4),
        expected=226.2,
        by_event_time=[],
    )
    given = {
        "label": "robberies",
        "primary": primary,
        "observed": 181.0,
        "verdict": verdict("fall", certainty),
        "findings": [pre_trends_finding()],
        "series": None,
        "measure": "count",
    }
    return facts(outcome(**given | more), programme={"name": "street lighting", "place": "Riverton"})


def null_result() -> Facts:
    """No clear sign of change."""
    primary = estimate(
        overall=quantity(-0.02, -0.14, 0.1, "log_points"),
        percent=percent(-2.0, -13.1, 10.5),
        change=incidents(-31, -210, 152),
        expected=1540.0,
    )
    return facts(
        outcome(
            label="burglaries",
            primary=primary,
            observed=1509.0,
            verdict=verdict("unclear"),
            findings=[pre_trends_finding()],
        ),
        programme={"name": "the street patrols", "place": "Riverton", "next_look": ""},
    )


def tiny_base() -> Facts:
    """So few incidents that percentages would mislead."""
    primary = estimate(
        percent=percent(-43.0, -68.0, -3.0),
        change=incidents(-7.4, -11.9, -0.6),
        expected=17.4,
        by_event_time=[],
    )
    return facts(
        outcome(
            label="shootings",
            observed=10.0,
            small_base=True,
            primary=primary,
            verdict=verdict("fall", "low"),
            series=None,
        ),
        programme={"name": "the outreach team", "place": "Riverton"},
    )


def wanted_increase() -> Facts:
    """A rise that is wanted: more offences are reported."""
    primary = estimate(percent=percent(14.2, 5.1, 24.1), change=incidents(312, 118, 489), expected=2197.0)
    return facts(
        outcome(
            label="reports to the police",
            aim="increase",
            primary=primary,
            observed=2509.0,
            verdict=verdict("rise", "moderate", aim="increase"),
            findings=[pre_trends_finding()],
        ),
        programme={
            "name": "the women’s desks",
            "place": "Riverton",
            "next_steps": ["Train the remaining stations."],
        },
    )


def survey() -> Facts:
    """No incidents behind the outcome: a score from a survey."""
    primary = estimate(
        overall=quantity(0.42, 0.12, 0.71, "value"), percent=None, change=None, expected=None, by_cohort=[]
    )
    rows = series(1.05)
    lines = ("observed", "expected", "expected_low", "expected_high")
    small = {line: [v and v / 1000 for v in getattr(rows, line)] for line in lines}
    return facts(
        outcome(
            label="scores of feeling safe",
            aim="increase",
            measure="value",
            counted=False,
            observed=None,
            primary=primary,
            verdict=verdict("rise", "low", aim="increase"),
            findings=[],
            series=rows.model_copy(update={"unit": "mean", **small}),
        ),
        programme={"name": "the safe routes", "place": "Riverton"},
    )


def credible() -> Facts:
    """The main method is a model: its intervals are credible intervals."""
    return facts(outcome(primary=hierarchical(), others=[estimate()], findings=[pre_trends_finding()]))


def red_gate() -> Facts:
    """The computation of the main method did not pass its own check."""
    gate = GateFacts(name="r_hat", verdict="red", value=1.31, limit=1.01)
    reasons = [Sentence(key="reason-gate", values={"methods": "HierarchicalCounts"})]
    return facts(outcome(primary=hierarchical(gate), verdict=verdict("rise", "very_low", reasons=reasons)))


def failed_primary() -> Facts:
    return facts(
        outcome(primary=failed(), others=[twfe()], verdict=verdict("unclear", "very_low"), series=None)
    )


def disagreeing() -> Facts:
    """The average area has a clear answer and the total has none."""
    primary = estimate(change=incidents(410, -220, 1010), expected=9000.0)
    return facts(outcome(primary=primary, observed=math.floor(9410.0)))


def last_treated() -> Facts:
    """Every area starts in the end: the last to start serve as the comparison; periods are numbers."""
    own = quantity(-64.6, -92.0, -36.2, "incidents")
    primary = estimate(
        overall=own, percent=None, change=incidents(-730, -1070, -390), expected=2900.0, by_event_time=[]
    )
    moved = {"frequency": "integer", "direction": "later", "original": effect(-65.0, -92.0, -36.0)}
    values = {"value": 36.0, "low": -41.0, "high": 113.0, "scale": "incidents", "per": 0}
    dated = Sentence(key="effect-with-interval", values=values)
    hanging = start_date_finding().model_copy(
        update={"sentence": Sentence(key="finding-start-date-hangs", values={**moved, "effect": dated})}
    )
    hinges = ["start_date", "leave_one_out"]
    starts = [StartFacts(label="13", count=11, units=["A", "B"])]
    more = {"first": "1", "last": "24", "frequency": "integer", "n_periods": 24, "n_treated_cells": 132}
    return facts(
        outcome(
            label="robberies",
            measure="count",
            primary=primary,
            observed=2170.0,
            since="13",
            until="22",
            unestimated=22,
            verdict=verdict("fall", "low", hinges=hinges),
            findings=[pre_trends_finding(), hanging, left_out_finding()],
            series=None,
        ),
        design=design(
            comparison="last_treated", n_units=16, n_treated=11, n_comparison=5, **more, starts=starts
        ),
        programme={"name": "safe streets", "place": "Testville"},
    )


def left_out_finding(*units: str) -> FindingFacts:
    """The answer changes when some units are left out, one at a time."""
    named = units or ("North", "South")
    values = {"count": 21, "low": effect(1.1, -4.0, 6.5), "high": effect(13.0, 4.2, 22.6)}
    sentence = {**values, "units": ", ".join(named), "changed": len(named)}
    return FindingFacts(
        check="leave_one_out",
        verdict="weakens",
        sentence=Sentence(key="finding-leave-one-out-hangs", values=sentence),
        columns=["left_out", "estimate", "scale", "tested"],
        rows=[[unit, 1.1, "incidents", "True"] for unit in named],
    )


def below_zero() -> Facts:
    """A straight line leads below zero: fewer than no incidents were expected."""
    primary = estimate(
        overall=quantity(2.1, -1.0, 5.0, "incidents"),
        percent=None,
        change=incidents(16, -18, 50),
        expected=6.0,
        by_event_time=[],
    )
    rows = series()
    lines = ("expected", "expected_low", "expected_high")
    lower = {line: [v if v is None else v - 7500.0 for v in getattr(rows, line)] for line in lines}
    return facts(
        outcome(
            primary=primary,
            observed=22.0,
            small_base=True,
            verdict=verdict("unclear", "low"),
            findings=[],
            series=rows.model_copy(update=lower),
        )
    )


def too_few() -> Facts:
    """Two areas had the programme: no direction, and not how far off the number may be."""
    reasons = [
        Sentence(key="reason-too-few-treated", values={"count": 2}),
        Sentence(key="reason-not-checked"),
        Sentence(key="reason-check-supports", values={"count": 0}),
    ]
    primary = estimate(
        overall=quantity(-0.2, None, None, "log_rate_ratio"),
        percent=percent(-18.1, None, None),
        change=incidents(-40.2, None, None),
        expected=222.0,
        by_event_time=[],
    )
    return facts(
        outcome(
            primary=primary,
            observed=182.0,
            verdict=verdict("unclear", "very_low", reasons=reasons),
            findings=[stopped_finding("pre_trends"), stopped_finding()],
            series=None,
        ),
        design=design(n_treated=2),
    )


def gate_beside() -> Facts:
    """A method beside the main one did not pass its own check; the answer stands."""
    gate = GateFacts(name="r_hat", verdict="red", value=1.31, limit=1.01)
    return facts(outcome(others=[hierarchical(gate)], findings=[left_out_finding("North")]))


def group(label: str, *change: float, **more: Any) -> GroupFacts:
    """One group of areas: its effect in per cent, with the ends of the interval."""
    value, low, high = change
    given = {
        "label": label,
        "n_treated": 6,
        "n_comparison": 9,
        "overall": quantity(value / 100, low / 100, high / 100, "log_rate_ratio"),
        "percent": percent(value, low, high),
        "change": incidents(10 * value, 10 * low, 10 * high),
    }
    return GroupFacts(**given | more)


def by_kind(**more: Any) -> SubgroupFacts:
    groups = [
        group("centre", -18.2, -23.9, -12.1),
        group("harbour", -4.0, -15.0, 8.4),
        group("old town", -60.0, -80.0, 0.0, small_base=True, few=True, n_treated=3),
        GroupFacts(label="woods", failed="there is no one to compare with"),
    ]
    reason = "there are too few treated areas in old town"
    return SubgroupFacts(**{"column": "kind", "groups": groups, "differ": "unknown", "reason": reason} | more)


def groups() -> Facts:
    """Counts of incidents in groups of areas that were named before, and two outcomes."""
    primary = estimate(
        method="PoissonDiD",
        overall=quantity(-0.23, -0.265, -0.195, "log_rate_ratio"),
        in_total=True,
        percent=percent(-20.6, -23.3, -17.7),
        change=incidents(-3554.8, -4122.7, -2986.9),
        expected=17297.8,
        by_event_time=[],
    )
    found = verdict("fall")
    more = {"primary": primary, "observed": 13743.0, "verdict": found, "findings": [], "series": None}
    compass = by_kind(
        column="side", groups=by_kind().groups[:2], differ="unclear", p_value=0.0714, reason=None
    )
    first = outcome(label="burglaries", subgroups=[by_kind(), compass], measure="rate", **more)
    family = FamilyFacts(
        method="romano_wolf",
        rows=[
            FamilyRow(label="burglaries", p_value=0.00003, p_adjusted=0.0001),
            FamilyRow(label="thefts", p_value=0.0312, p_adjusted=0.0402),
            FamilyRow(label="arson", p_value=None, p_adjusted=None),
        ],
    )
    return facts(
        first,
        outcome(label="thefts", role="secondary", **more),
        family=family,
        programme={"name": "street lighting", "place": "Riverton"},
    )


def _grouped(kind: str, ends: tuple[float | None, float | None]) -> Facts:
    """Groups with one kind of number and one kind of interval."""
    low, high = ends
    value = 6.0 if low is None or high is None else (low + high) / 2
    own = quantity(value, low, high, "rate", per=1000.0)
    given: dict[str, Any] = {"overall": own, "percent": None, "change": None}
    if kind == "count":
        given["change"] = incidents(value, low, high)
    elif kind in ("percent", "share"):
        given["percent"] = percent(value, low, high)
    one = GroupFacts(label="north", n_treated=5, n_comparison=5, **given)
    logs = estimate() if kind == "percent" else estimate(overall=own)
    answers = [
        by_kind(groups=[one, one], differ="yes", p_value=0.00001),
        by_kind(groups=[one, one], differ="yes", p_value=None, reason=None),
    ]
    return facts(outcome(primary=logs, subgroups=answers))


CASES = {
    "groups": groups,
    "castle": castle,
    "lighting": lighting,
    "null": null_result,
    "tiny-base": tiny_base,
    "wanted-increase": wanted_increase,
    "survey": survey,
    "credible": credible,
    "red-gate": red_gate,
    "failed": failed_primary,
    "disagreeing": disagreeing,
    "last-treated": last_treated,
    "below-zero": below_zero,
    "too-few": too_few,
    "gate-beside": gate_beside,
}


def every_answer() -> list[Facts]:
    """What the named cases leave out: each rung of the ladder, each comparison, each kind of number."""
    documents = [
        _twice(verdict(direction, certainty, aim=aim), aim)
        for direction in ("fall", "rise", "unclear")
        for certainty in ("high", "moderate", "low", "very_low")
        for aim in ("reduce", "increase")
    ]
    documents += [_numbers(kind, ends) for kind in KINDS for ends in ENDS]
    documents += [_grouped(kind, ends) for kind in ("count", "percent", "share", "value") for ends in ENDS]
    none = by_kind(groups=[GroupFacts(label="woods", failed="there is no one to compare with")])
    documents.append(facts(outcome(subgroups=[none]), family=FamilyFacts(method="holm", rows=[])))
    borderline = estimate(
        in_total=True,
        overall=quantity(-0.2, -0.4, -0.01, "log_rate_ratio"),
        percent=percent(-18.0, -33.0, -1.0),
        change=incidents(-340, -690, 6),
    )
    documents.append(facts(outcome(primary=borderline, verdict=verdict("fall"))))
    for check in ("start_date", "leave_one_out", "pre_trends", "placebo_in_time"):
        documents.append(facts(outcome(verdict=verdict(hinges=[check]), findings=[stopped_finding(check)])))
    weak = stopped_finding("two_way_weights").model_copy(update={"verdict": "weakens"})
    documents.append(facts(outcome(findings=[weak])))
    named = outcome(verdict=verdict(hinges=["leave_one_out"]), findings=[left_out_finding("North")])
    documents.append(facts(named))
    documents += _of_methods()
    scarce = too_few().primary
    documents.append(facts(scarce, scarce.model_copy(update={"role": "secondary"})))
    gappy = series().model_copy(update={"unit": "mean", "gaps": True})
    documents.append(facts(outcome(series=gappy)))
    fell = outcome(role="secondary", aim="increase", verdict=verdict("fall", aim="increase"))
    documents.append(facts(outcome(), fell))
    measured = Sentence(
        key="note-measure-chosen", values={"outcome": "robbery", "measure": "rate", "per": 100000}
    )
    documents.append(facts(outcome(primary=hierarchical()), design=design(notes=[measured], unit="area")))
    few = [Sentence(key="reason-few-treated", values={"count": 2})]
    documents.append(facts(outcome(verdict=verdict(reasons=few), small_base=False, findings=[])))
    documents.append(_secondary_refused())
    documents += [facts(design=design(comparison=c)) for c in ("not_yet_treated", "last_treated")]
    labels = {"quarter": "2020-Q3", "month": "2020-03", "week": "2020-01-06", "day": "2020-03-01"}
    for frequency, label in labels.items():
        starts = [StartFacts(label=label, count=2, units=["A", "B"])]
        dated = {"frequency": frequency, "first": label, "last": label, "starts": starts}
        more = {"anticipation": 1, "cluster": "county", "covariates": ["income"], "weighted": True}
        documents.append(facts(design=design(**dated, **more), programme={"name": "", "place": ""}))
    return documents


def _of_methods() -> list[Facts]:
    """Other methods that are clear in the direction of the answer, that say nothing, and some of each."""
    clear, unsure = estimate(method="LinearDiD"), twfe()
    return [facts(outcome(others=others)) for others in ([clear], [unsure], [clear, unsure])]


def _twice(found: VerdictFacts, aim: str) -> Facts:
    """One answer for the primary and for a secondary outcome."""
    first = lighting(verdict=found, aim=aim).primary
    return facts(first, first.model_copy(update={"role": "secondary"}))


KINDS = ("count", "percent", "share", "value", "rate", "incidents")
ENDS = ((-9.0, -4.0), (4.0, 9.0), (-9.0, 4.0), (-4.0, 4.0), (None, None))


def _numbers(kind: str, ends: tuple[float | None, float | None]) -> Facts:
    """One kind of number with one kind of interval."""
    low, high = ends
    value = 6.0 if low is None or high is None else (low + high) / 2
    given: dict[str, Any] = {"percent": None, "change": None, "expected": None}
    if kind == "count":
        given |= {"change": incidents(value, low, high), "expected": 50.0}
    elif kind in ("percent", "share"):
        scale = "log_points" if kind == "percent" else "rate"
        given |= {
            "percent": percent(value, low, high),
            "overall": quantity(value, low, high, scale, per=1000.0),
        }
    else:
        given["overall"] = quantity(value, low, high, kind, per=1000.0 if kind == "rate" else None)
    across = low is not None and high is not None and low < 0 < high
    direction = "unclear" if across or low is None else "fall" if value < 0 else "rise"
    primary = estimate(**given)
    second = outcome(role="secondary", primary=primary, verdict=verdict(direction), others=[], series=None)
    return facts(outcome(primary=primary, verdict=verdict(direction)), second)


def _secondary_refused() -> Facts:
    gate = GateFacts(name="r_hat", verdict="red", value=1.31, limit=1.01)
    return facts(
        lighting().primary,
        outcome(role="secondary", primary=hierarchical(gate), others=[estimate(overall=None)]),
        outcome(role="secondary", primary=failed()),
        outcome(
            role="secondary",
            primary=estimate(
                overall=quantity(1.1, 1.0, 1.2, "rate_ratio"), percent=None, change=None, expected=None
            ),
            verdict=verdict("unclear"),
        ),
    )


def own_keys() -> set[str]:
    """Keys of the sentences that only reports use."""
    from importlib import resources

    from fluent.syntax import FluentParser, ast

    text = resources.files("preventeval.words").joinpath("en.ftl").read_text(encoding="utf-8")
    body = FluentParser(with_spans=False).parse(text).body
    keys = {entry.id.name for entry in body if isinstance(entry, ast.Message)}
    theirs = (
        "note-",
        "finding-",
        "reason-",
        "effect-with",
        "gate-failed-main",  # on the command line
        "moved-by",
        "period-noun",  # within others
        "subgroup-unit",  # within others
        "one-period-",
        "intake-",
        "pre-trends-",
        "plot-",  # in notebooks
        "summary-",  # in notebooks
    )
    return {key for key in keys if not key.startswith(theirs)}

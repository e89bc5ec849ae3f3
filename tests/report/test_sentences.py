"""The rules of wording, each by itself."""

from __future__ import annotations

from types import ModuleType

import pytest

from preventeval.report import headline
from preventeval.report.lists import can_and_cannot, next_look, next_steps, raise_certainty
from preventeval.report.quantities import expected_note, likely_note, numbers, probability
from preventeval.report.sentences import (
    answer,
    certainty,
    direction_note,
    hinges,
    unclear_note,
    unwanted_others,
)

#: The ladder of GRADE 26, https://doi.org/10.1016/j.jclinepi.2019.10.014: certainty alone chooses the adverb.
LADDER = {
    ("fall", "high"): "In Riverton, street lighting reduced robberies.",
    ("fall", "moderate"): "In Riverton, street lighting probably reduced robberies.",
    ("fall", "low"): "In Riverton, street lighting may have reduced robberies.",
    (
        "fall",
        "very_low",
    ): "The evidence is very uncertain about the effect of street lighting on robberies in "
    "Riverton. As far as it goes, it points to a fall.",
    ("rise", "high"): "In Riverton, robberies rose because of street lighting.",
    ("rise", "moderate"): "In Riverton, robberies probably rose because of street lighting.",
    ("rise", "low"): "In Riverton, robberies may have risen because of street lighting.",
    (
        "rise",
        "very_low",
    ): "The evidence is very uncertain about the effect of street lighting on robberies in "
    "Riverton. As far as it goes, it points to a rise.",
}
UNCLEAR = "There is no clear sign that street lighting changed robberies in Riverton."


@pytest.mark.parametrize("aim", ["reduce", "increase"])
@pytest.mark.parametrize(("direction", "sure"), LADDER)
def test_the_verb_follows_direction_and_certainty_and_not_the_aim(
    direction: str, sure: str, aim: str, made: ModuleType
) -> None:
    document = made.lighting(verdict=made.verdict(direction, sure, aim=aim), aim=aim)
    assert str(headline(document)) == LADDER[direction, sure]


@pytest.mark.parametrize("sure", ["high", "moderate", "low", "very_low"])
def test_an_unclear_direction_is_no_clear_sign_and_not_no_effect(sure: str, made: ModuleType) -> None:
    document = made.null_result()
    document = made.lighting(verdict=made.verdict("unclear", sure), primary=document.primary.primary)
    assert str(headline(document)) == UNCLEAR
    assert str(unclear_note(document, document.primary)) == (
        "This is not the same as “no effect”. Anything from about 210 fewer to about 152 more robberies "
        "than expected fits the data."
    )
    assert "range" in str(certainty(document.primary))


def test_a_clear_direction_needs_no_such_note(made: ModuleType) -> None:
    document = made.lighting()
    assert unclear_note(document, document.primary) is None


@pytest.mark.parametrize(
    ("direction", "aim", "note"),
    [
        ("rise", "reduce", "This is not the direction that was wanted: the aim was a fall."),
        ("fall", "increase", "This is not the direction that was wanted: the aim was a rise."),
        ("rise", "increase", "A rise is what was wanted here."),
        ("fall", "reduce", None),
        ("unclear", "reduce", None),
    ],
)
def test_an_unwanted_direction_is_named(direction: str, aim: str, note: str | None, made: ModuleType) -> None:
    outcome = made.outcome(verdict=made.verdict(direction, aim=aim), aim=aim)
    found = direction_note(outcome)
    assert (None if found is None else str(found)) == note


def test_harm_among_the_secondary_outcomes_is_named(made: ModuleType) -> None:
    harmed = made.outcome(label="burglaries", role="secondary")
    document = made.facts(made.lighting().primary, harmed)
    assert str(unwanted_others(document)[0]) == "Burglaries may also have risen, which was not wanted."
    assert str(answer(harmed)) == "Probably rose (not wanted)"
    assert unwanted_others(made.lighting()) == []


def test_counts_stand_before_per_cents(made: ModuleType) -> None:
    document = made.lighting()
    assert [str(number) for number in numbers(document, document.primary)] == [
        "About 45 fewer robberies than expected from 2005 to 2010 (likely between 12 and 78 fewer).",
        "In the average area, robberies were about 20 per cent lower than expected (likely between 8 and 30 "
        "per cent lower).",
    ]


def test_per_cents_of_a_total_are_not_said_of_the_average_area(made: ModuleType) -> None:
    primary = made.lighting().primary.primary.model_copy(
        update={"overall": made.quantity(-3.1, -5.0, -1.2, "rate", per=100_000.0)}
    )
    document = made.lighting(primary=primary)
    said = [str(number) for number in numbers(document, document.primary)]
    assert (
        said[1]
        == "That is about 20 per cent fewer robberies than expected (likely between 8 and 30 per cent fewer)."
    )
    assert not any("average area" in sentence for sentence in said)


def test_total_and_average_that_disagree_about_zero_are_told_apart(made: ModuleType) -> None:
    differs = "different questions"
    document = made.disagreeing()
    assert differs in str(numbers(document, document.primary)[-1])
    agreeing = made.castle()
    assert not any(differs in str(number) for number in numbers(agreeing, agreeing.primary))


def test_a_share_of_the_total_is_no_average_area(made: ModuleType) -> None:
    own = made.quantity(-3.1, -5.0, 1.2, "rate", per=100_000.0)
    outcome = made.disagreeing().primary
    outcome = outcome.model_copy(update={"primary": outcome.primary.model_copy(update={"overall": own})})
    assert not any("different questions" in str(number) for number in numbers(made.facts(outcome), outcome))


def test_a_mean_says_per_what_with_the_same_decimals(made: ModuleType) -> None:
    own = {"percent": None, "change": None, "expected": None}
    primary = made.estimate(overall=made.quantity(3.9, 2.8, 5.0, "rate", per=100_000.0), **own)
    document = made.facts(made.outcome(primary=primary))
    assert str(numbers(document, document.primary)[0]) == (
        "On average, homicides per 100,000 of exposure and year were about 3.9 higher than expected "
        "(likely between 2.8 and 5.0 higher)."
    )


def test_the_total_is_dated_by_what_it_covers(made: ModuleType) -> None:
    document = made.last_treated()
    assert "from period 13 to period 22 (" in str(numbers(document, document.primary)[0])


def test_the_likely_range_is_no_limit_where_certainty_is_low(made: ModuleType) -> None:
    for sure, said in (("moderate", True), ("low", False), ("very_low", False)):
        document = made.lighting(verdict=made.verdict("unclear", sure))
        assert any("does not fit" in str(point) for point in can_and_cannot(document).can) is said


def test_recorded_and_expected_agree_with_the_difference(made: ModuleType) -> None:
    assert (
        str(expected_note(made.lighting().primary))
        == "Recorded: 181. Expected without the programme: about 226."
    )


def test_the_interval_is_explained_by_its_kind(made: ModuleType) -> None:
    assert "95 per cent confidence interval" in str(likely_note(made.castle().primary))
    assert "95 per cent credible interval" in str(likely_note(made.credible().primary))


@pytest.mark.parametrize(
    ("fall", "direction", "said"),
    [
        (0.004, "rise", "homicides rose are more than 99 in 100"),
        (0.998, "fall", "homicides fell are more than 99 in 100"),
        (0.42, "unclear", "homicides fell are about 42 in 100"),
        (0.004, "unclear", "homicides fell are less than 1 in 100"),
    ],
)
def test_probabilities_are_of_the_direction_found_and_never_certain(
    fall: float, direction: str, said: str, made: ModuleType
) -> None:
    estimate = made.hierarchical().model_copy(update={"probability_of_fall": fall})
    outcome = made.outcome(verdict=made.verdict(direction), primary=estimate)
    assert said in str(probability(outcome, estimate))


def test_a_hinge_comes_with_what_would_change(made: ModuleType) -> None:
    assert [str(hinge) for hinge in hinges(made.castle(), made.castle().primary)] == [
        "This hangs on how the start of the programme is dated: with every start one year later, homicides "
        "would be 2 per cent higher (5 per cent lower to 10 per cent higher), not 12 per cent higher."
    ]


def test_a_hinge_on_its_own_scale_says_per_what_and_names_the_areas(made: ModuleType) -> None:
    document = made.last_treated()
    assert [str(hinge) for hinge in hinges(document, document.primary)] == [
        "This hangs on how the start of the programme is dated: with every start one period later, robberies "
        "per area and period would be 36 higher (41 lower to 113 higher), not 65 lower.",
        "This hangs on single areas: leaving out any one of 2 areas changes the answer (North, South).",
    ]


def test_a_hinge_of_a_small_base_has_no_per_cents(made: ModuleType) -> None:
    outcome = made.outcome(small_base=True)
    assert "per cent" not in str(hinges(made.facts(outcome), outcome)[0])


def test_can_and_cannot_have_equal_space(made: ModuleType) -> None:
    for document in [*(case() for case in made.CASES.values()), *made.every_answer()]:
        said = can_and_cannot(document)
        assert len(said.can) >= 2
        assert abs(len(said.can) - len(said.cannot)) <= 1


def test_what_the_answer_hangs_on_is_first_among_what_cannot_be_said(made: ModuleType) -> None:
    assert "dated differently" in str(can_and_cannot(made.castle()).cannot[0])


def test_a_method_that_points_elsewhere_is_not_said_to_agree(made: ModuleType) -> None:
    against = made.twfe().model_copy(update={"overall": made.quantity(-0.05, -0.1, 0.0, "log_points")})
    agree = "point the same way"
    document = made.facts(made.outcome(others=[made.hierarchical(), against]))
    assert not any(agree in str(sentence) for sentence in can_and_cannot(document).can)


def test_what_would_make_us_surer_is_short_and_starts_with_the_hinge(made: ModuleType) -> None:
    raises = raise_certainty(made.tiny_base().primary)
    assert len(raises) == 3
    assert "exact date" in str(raises[0])


def test_next_steps_are_the_authors_or_follow_from_the_answer(made: ModuleType) -> None:
    assert next_steps(made.wanted_increase()) == ["Train the remaining stations."]
    assert "find out why homicides moved" in str(next_steps(made.castle())[0])
    assert "Do not take this as proof" in str(next_steps(made.null_result())[0])
    assert "tell with more certainty whether" in str(next_steps(made.lighting("low"))[0])
    assert "Do not take this as proof" in str(next_steps(made.lighting("very_low"))[0])
    assert "Do not use any number" in str(next_steps(made.red_gate())[0])
    assert str(next_look(made.castle())) == "We look again: in November 2027."

"""Both pages: their texts for every kind of answer, and how they are built."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from types import ModuleType

import pytest
from fluent.runtime import FluentBundle

from preventeval.errors import OutputError
from preventeval.report import load_facts, render_brief, render_technical

CASES = (
    "groups",
    "castle",
    "lighting",
    "null",
    "tiny-base",
    "wanted-increase",
    "survey",
    "credible",
    "red-gate",
    "failed",
    "disagreeing",
    "last-treated",
    "below-zero",
    "too-few",
    "gate-beside",
)
PAGES = {"brief": render_brief, "technical": render_technical}
VOID = {"meta", "br", "img", "hr", "link", "input"}
BLOCKS = {
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "li",
    "tr",
    "figcaption",
    "caption",
    "summary",
    "dt",
    "dd",
    "text",
    "pre",
}
UNSEEN = {"style", "title", "desc"}


class Page(HTMLParser):
    """What tests ask of a page: its text, its tags, its headings, and that every tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.open: list[str] = []
        self.parts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag in {"td", "th"}:
            self.parts.append(" | ")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in {"circle", "line", "path", "rect"}:
            raise AssertionError(f"</{tag}> closes {self.open[-1:]}")

    def handle_data(self, data: str) -> None:
        if not UNSEEN & set(self.open):
            self.parts.append(data.replace("\n", " "))

    @property
    def text(self) -> str:
        """One line for each block, empty ones left out."""
        lines = (re.sub(r"\s+", " ", line).strip() for line in "".join(self.parts).split("\n"))
        return "\n".join(line for line in lines if line) + "\n"

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name))]


def test_no_case_is_left_out(made: ModuleType) -> None:
    assert tuple(made.CASES) == CASES


@pytest.mark.parametrize("case", CASES)
def test_brief_says_what_it_said(case: str, made: ModuleType, golden: Callable[[str, str], None]) -> None:
    golden(case, Page(render_brief(made.CASES[case]())).text)


def test_technical_report_says_what_it_said(made: ModuleType, golden: Callable[[str, str], None]) -> None:
    golden("castle-technical", Page(render_technical(made.castle())).text)


def test_technical_report_of_groups(made: ModuleType, golden: Callable[[str, str], None]) -> None:
    golden("groups-technical", Page(render_technical(made.groups())).text)


@pytest.mark.parametrize(
    "method", ["CallawaySantAnna", "TwoWayFixedEffects", "SunAbraham", "HierarchicalCounts"]
)
def test_the_comparison_is_that_of_the_method(method: str, made: ModuleType) -> None:
    said = {
        "TwoWayFixedEffects": "compares with every unit and period",
        "SunAbraham": "compares with units that are never treated",
    }
    primary = made.estimate(method=method)
    document = made.facts(
        made.outcome(primary=primary, others=[]), design=made.design(comparison="not_yet_treated")
    )
    text = Page(render_technical(document)).text
    assert ("every unit that had not started by then" in text) == (method not in said)
    assert said.get(method, "") in text


def test_a_publication_is_cited_once(made: ModuleType) -> None:
    cited = ["A. (2023). The Journal. https://doi.org/10.1/X", "A. (2023). Journal. https://doi.org/10.1/x"]
    every = [made.estimate(references=[one]) for one in cited]
    document = made.facts(made.outcome(primary=every[0], others=every[1:]))
    assert Page(render_technical(document)).text.count("10.1/") == 1


def test_no_group_is_a_way_round_a_refused_answer(made: ModuleType) -> None:
    refused = made.red_gate()
    with_groups = refused.primary.model_copy(update={"subgroups": [made.by_kind()]})
    text = Page(render_brief(refused.model_copy(update={"outcomes": [with_groups]}))).text
    assert "centre" not in text


def test_facts_of_before_groups_and_families_still_load(made: ModuleType) -> None:
    saved = json.loads(made.castle().to_json())
    del saved["family"]
    for outcome in saved["outcomes"]:
        del outcome["subgroups"]
        for estimate in (outcome["primary"], *outcome["others"]):
            del estimate["in_total"]
    loaded = load_facts(saved)
    assert loaded == made.castle()
    assert render_technical(loaded) == render_technical(made.castle())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("case", CASES)
def test_structure(case: str, page: str, made: ModuleType) -> None:
    html = PAGES[page](made.CASES[case]())
    built = Page(html)
    tags = Counter(tag for tag, _ in built.tags)
    ids = built.attributes("id")
    assert len(ids) == len(set(ids))
    assert set(" ".join(built.attributes("aria-labelledby")).split()) <= set(ids)
    assert {link[1:] for link in built.attributes("href") if link.startswith("#")} <= set(ids)
    assert tags["h1"] == tags["main"] == tags["header"] == tags["footer"] == 1
    assert built.headings[0] == 1 or page == "technical"
    assert all(after - before <= 1 for before, after in zip(built.headings, built.headings[1:], strict=False))
    assert tags["script"] == tags["link"] == 0
    assert dict(built.tags)["html"] == {"lang": "en", "dir": "ltr"}
    tables = [a for tag, a in built.tags if tag == "th"]
    assert all(attributes.get("scope") in {"col", "row"} for attributes in tables)
    assert tags["table"] == tags["caption"]
    assert tags["svg"] == sum(attributes.get("role") == "img" for _, attributes in built.tags)
    assert not re.search(r"https?://(?!doi\.org|www\.w3\.org)", html)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("case", CASES)
def test_landmarks_have_names_of_their_own(case: str, page: str, made: ModuleType) -> None:
    html = PAGES[page](made.CASES[case]())
    marks = [a for tag, a in Page(html).tags if tag in {"section", "nav"} or a.get("role") == "region"]
    text = dict(re.findall(r'id="([^"]+)"[^>]*>([^<]*)', html))
    names = [" ".join(text[part] for part in str(a["aria-labelledby"]).split()) for a in marks]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("case", CASES)
def test_words_that_a_brief_never_uses(case: str, made: ModuleType) -> None:
    text = Page(render_brief(made.CASES[case]())).text.lower()
    for word in (
        "significan",
        "p-value",
        "p =",
        "improved",
        "worked",
        "success",
        "control group",
        "nan",
        "-0 ",
    ):
        assert word not in text, word


def test_a_harmful_programme_says_so_first(made: ModuleType) -> None:
    text = Page(render_brief(made.castle())).text
    answer = text[text.index("The answer") : text.index("The number")].splitlines()
    assert "homicides probably rose" in answer[1]
    assert "not the direction that was wanted" in answer[2]
    assert answer[3].startswith("This hangs on how the start of the programme is dated: ")
    assert "reduced" not in text


def test_a_red_gate_gives_no_number_in_the_brief(made: ModuleType) -> None:
    text = Page(render_brief(made.red_gate())).text
    assert "the computation did not pass its own check" in text
    assert not re.search(r"About [\d,]+ (more|fewer)|per cent|probably|may have", text)


def test_a_red_gate_is_shown_in_the_technical_report_as_failed(made: ModuleType) -> None:
    text = Page(render_technical(made.red_gate())).text
    assert "They are shown for diagnosis only." in text
    assert "HierarchicalCounts | r_hat | failed | 1.310 | 1.01" in text


def test_an_answer_that_is_refused_does_not_leak(made: ModuleType) -> None:
    document = made.red_gate()
    told = made.verdict("rise", reasons=[*made.verdict().reasons, *document.primary.verdict.reasons])
    document = made.facts(document.primary.model_copy(update={"verdict": told}))
    text = Page(render_brief(document)).text
    assert "A computation did not pass its own check: HierarchicalCounts." in text
    assert "one side of zero" not in text


def test_a_method_that_failed_beside_the_main_one_is_named(made: ModuleType) -> None:
    named = "HierarchicalCounts, tried on homicides beside the main method, did not pass the check of its own"
    for render in PAGES.values():
        text = Page(render(made.gate_beside())).text
        assert named in text
        assert "The answer does not rest on it." in text


def test_fewer_incidents_than_none_are_never_expected(made: ModuleType) -> None:
    text = Page(render_brief(made.below_zero())).text
    assert "6 (0 to 40)" in text
    assert "| 2010 | 7,640 | 0 | 0 to 0" in text
    assert "−" not in text


def test_tables_of_checks_are_in_words(made: ModuleType) -> None:
    text = Page(render_technical(made.last_treated())).text
    assert "| Left out | Effect | Scale | Tested" in text
    assert "| North | 1.1000 | incidents | yes" in text
    assert "| 1 | 0.0194 | −0.0558 | 0.0946" in text
    assert "conf_low" not in text


def test_a_tiny_base_has_no_percentages(made: ModuleType) -> None:
    text = Page(render_brief(made.tiny_base())).text
    assert "About 7 fewer shootings than expected from 2005 to 2010 (likely between 1 and 12 fewer)." in text
    explained = "95 per cent confidence interval"
    assert "per cent" not in text.replace(explained, "")


def test_what_a_user_writes_is_escaped(made: ModuleType) -> None:
    attack = "<script>alert('x')</script>"
    told = dict.fromkeys(("name", "place", "description", "author", "funder", "contact", "next_look"), attack)
    lists = {"next_steps": [attack], "cautions": [attack]}
    document = made.facts(
        made.outcome(label=attack, others=[made.failed(attack)]),
        made.outcome(label=attack, role="secondary", findings=[made.stopped_finding()]),
        programme={**told, **lists},
        design=made.design(unit=attack, cluster=attack, covariates=[attack]),
    )
    for render in PAGES.values():
        html = render(document)
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_secondary_outcomes_say_that_they_are(made: ModuleType) -> None:
    text = Page(render_brief(made.castle())).text
    assert "These outcomes are secondary" in text
    assert (
        "robberies | No clear sign of change | 1,900 fewer (15,200 fewer to 12,100 more) | 1 per cent lower"
        in text
    )


def test_checks_that_failed_or_could_not_run_are_all_there(made: ModuleType) -> None:
    text = Page(render_technical(made.castle())).text
    assert "Supports the answer. Before the start" in text
    assert "Weakens the answer. The answer hangs on how the start is dated." in text
    assert (
        "Could not run. This check could not run: there are no periods before the first start but one."
        in text
    )


def test_another_language_is_refused_by_name(made: ModuleType) -> None:
    with pytest.raises(OutputError, match="no catalogue for language 'tlh'"):
        render_brief(made.castle(), "tlh")


def test_no_template_of_the_reports_is_left_over(made: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    get_message = FluentBundle.get_message

    def recorded(bundle: FluentBundle, key: str) -> object:
        asked.add(key)
        return get_message(bundle, key)

    monkeypatch.setattr(FluentBundle, "get_message", recorded)
    for document in [*(case() for case in made.CASES.values()), *made.every_answer()]:
        for render in PAGES.values():
            render(document)
    assert sorted(made.own_keys() - asked) == []

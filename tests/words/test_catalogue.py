"""Catalogues and code agree: every sentence that is asked for is there, and none is left over."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent

from preventeval.errors import OutputError
from preventeval.words import Message, languages, render

SOURCE = Path(__file__).parents[2] / "src" / "preventeval"
ENGLISH = SOURCE / "words" / "en.ftl"
CATALOGUES = sorted((SOURCE / "words").glob("*.ftl"))


def entries(path: Path) -> list[fluent.Message]:
    body = FluentParser(with_spans=False).parse(path.read_text("utf-8")).body
    junk = [entry.content for entry in body if isinstance(entry, fluent.Junk)]
    assert junk == []
    return [entry for entry in body if isinstance(entry, fluent.Message)]


def keys(path: Path) -> list[str]:
    return [entry.id.name for entry in entries(path)]


def written() -> str:
    """All that stands in the source, less the catalogues."""
    files = [path for path in SOURCE.rglob("*") if path.suffix in (".py", ".html", ".jinja", ".j2")]
    return "\n".join(path.read_text("utf-8") for path in files)


def asked_for() -> set[str]:
    """Keys of the messages that the code makes from a plain text."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            key = node.args[0]
            if name == "Message" and isinstance(key, ast.Constant):
                found.add(key.value)
    return found


def mentioned(entry: fluent.Message) -> tuple[set[str], set[str]]:
    """Names of the values and of the other sentences that a template mentions itself."""
    values: set[str] = set()
    sentences: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, fluent.VariableReference):
            values.add(node.id.name)
        elif isinstance(node, fluent.MessageReference):
            sentences.add(node.id.name)
        elif isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, fluent.BaseNode):
            for child in vars(node).values():
                walk(child)

    walk(entry.value)
    return values, sentences


def variables(path: Path) -> dict[str, set[str]]:
    """Names of the values that each sentence needs, with those of the sentences within it."""
    direct = {entry.id.name: mentioned(entry) for entry in entries(path)}

    def needed(key: str) -> set[str]:
        values, sentences = direct[key]
        return values.union(*(needed(sentence) for sentence in sentences))

    return {key: needed(key) for key in direct}


def test_there_is_english() -> None:
    assert "en" in languages()
    assert [path.stem for path in CATALOGUES] == list(languages())


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_catalogue_reads_and_names_each_sentence_once(path: Path) -> None:
    names = keys(path)
    assert len(names) == len(set(names))
    assert all(entry.value is not None for entry in entries(path))


def test_every_sentence_that_is_asked_for_is_there() -> None:
    assert sorted(asked_for() - set(keys(ENGLISH))) == []


def test_no_sentence_is_left_over() -> None:
    text = written()
    # A key may be put together in an f-string: f"headline-{verdict}".
    starts = tuple(re.findall(r"""f["']([a-z-]+-)\{""", text))
    within = {name for entry in entries(ENGLISH) for name in mentioned(entry)[1]}
    unused = [key for key in keys(ENGLISH) if key not in text and key not in within]
    assert [key for key in unused if not key.startswith(starts)] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_language_has_the_same_sentences_of_the_same_values(path: Path) -> None:
    assert variables(path) == variables(ENGLISH)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
@pytest.mark.parametrize("value", [1, 2, 1234.5])
def test_every_sentence_can_be_written_whatever_the_values(path: Path, value: float) -> None:
    for key, names in variables(path).items():
        text = render(Message(key, dict.fromkeys(names, value)), path.stem)
        assert text
        assert "{" not in text


def test_one_and_many() -> None:
    one = Message("note-no-data", {"count": 1, "units": "A"})
    many = Message("note-no-data", {"count": 1204, "units": "A, B, …"})
    assert str(one) == "1 unit has no usable value in any period and is left out: A."
    assert str(many) == "1,204 units have no usable value in any period and are left out: A, B, …."


def test_texts_of_users_are_taken_as_they_are() -> None:
    text = str(Message("note-no-data", {"count": 1, "units": "{ $count } <b> \u2068"}))
    assert "{ $count } <b> \u2068" in text


@pytest.mark.parametrize(
    ("message", "language", "problem"),
    [
        (Message("no-such-sentence"), "en", "no sentence 'no-such-sentence' in the en catalogue"),
        (Message("note-no-data"), "en", r"sentence 'note-no-data' \(en\): .*count"),
        (Message("note-no-data", {"count": 1}), "en", r"sentence 'note-no-data' \(en\): .*units"),
        (
            Message("note-no-data", {"count": 1, "units": "A"}),
            "tlh",
            "no catalogue for language 'tlh': there is en",
        ),
    ],
)
def test_what_cannot_be_written_is_an_error_and_never_a_gap(
    message: Message, language: str, problem: str
) -> None:
    with pytest.raises(OutputError, match=problem):
        render(message, language)


def test_a_message_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Message("note-no-data").key = "other"  # type: ignore[misc]

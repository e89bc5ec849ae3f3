"""Reading a spec file, and saying all that is wrong with it at once."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from preventeval.errors import SpecError
from preventeval.sensitivity import CHECKS
from preventeval.spec.model import Document, Spec
from preventeval.spec.options import option_problems
from preventeval.spec.places import Places
from preventeval.spec.problems import Problem, problems_of, refuse
from preventeval.spec.registry import estimator_classes

__all__ = ["load_spec", "spec_schema"]

_TOML_POSITION = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def load_spec(path: str | os.PathLike[str]) -> Spec:
    """Read a spec file.

    Parameters
    ----------
    path
        A TOML file, or a JSON file of the same shape.

    Returns
    -------
    Spec

    Raises
    ------
    SpecError
        No such file, a file that is not TOML, or something in it that cannot be carried
        out. Every problem has a line of its own: file, line, key, what was expected and
        what was found.

    Examples
    --------
    >>> import preventeval as pe
    >>> pe.load_spec("evaluation.toml").primary.name  # doctest: +SKIP
    'robbery'
    """
    source = Path(path)
    text = _text_of(source)
    content = _parse_json(source, text) if source.suffix.lower() == ".json" else _parse_toml(source, text)
    places = Places(source, text)
    problems = _problems_of_options(content)
    try:
        # By way of JSON, dates without quotes are texts like those in quotes, and lists are tuples.
        document = Document.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        problems += problems_of(error, Document)
        document = None
    refuse(problems, places)
    assert document is not None, "what could not be validated was refused"
    return Spec.model_construct(**dict(document), path=source, text=text)


def spec_schema() -> dict[str, Any]:
    """The JSON schema of spec files, with which editors complete and check them.

    Returns
    -------
    dict

    Examples
    --------
    >>> spec_schema()["title"]
    'preventeval evaluation'
    """
    schema = Document.model_json_schema()
    estimation = schema["$defs"]["EstimationSpec"]["properties"]
    estimation["estimator"]["enum"] = estimation["also"]["items"]["enum"] = list(estimator_classes())
    schema["$defs"]["ChecksSpec"]["properties"]["run"]["items"]["enum"] = list(CHECKS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "preventeval evaluation",
    }


def _text_of(source: Path) -> str:
    if source.is_dir():
        raise SpecError(
            f"{source} is a folder: expected a spec file", hint=f"try {source / 'evaluation.toml'}"
        )
    try:
        return source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError(
            f"no spec file '{source.name}' in {source.resolve().parent}",
            hint="'preventeval init' writes one to start from",
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SpecError(
            f"{source.name}:{line}: not UTF-8 text", hint="save the file with the encoding UTF-8"
        ) from None
    except OSError as error:
        raise SpecError(f"cannot read {source}: {error.strerror}") from None


def _parse_toml(source: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        position = _TOML_POSITION.search(message)
        line = (
            len(text.splitlines()) if position is None or position["line"] is None else int(position["line"])
        )
        what = _TOML_POSITION.sub("", message)
        hint = 'texts stand in quotes, lists in square brackets: label = "robberies"'
        if what.startswith("Cannot overwrite"):
            what, hint = "this key stands twice in its table", "keep one of the two"
        elif what.startswith("Cannot declare"):
            what, hint = "this table stands twice", "put all its keys under one heading"
        raise SpecError(
            f"{source.name}:{line}: not valid TOML: {what[:1].lower()}{what[1:]}", hint=hint
        ) from None


def _parse_json(source: Path, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(
            f"{source.name}:{error.lineno}: not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from None
    if not isinstance(content, dict):
        raise SpecError(f"{source.name}: expected an object in braces at the top")
    return content


def _problems_of_options(content: Mapping[str, Any]) -> list[Problem]:
    """Options that a method does not have, or values that they cannot take.

    What is not even a table is left to the validation of the whole.
    """
    estimation = content.get("estimation")
    if not isinstance(estimation, dict) or not isinstance(options := estimation.get("options"), dict):
        return []
    return [
        problem
        for name, values in options.items()
        if isinstance(values, dict)
        for problem in option_problems(name, values, estimation)
    ]

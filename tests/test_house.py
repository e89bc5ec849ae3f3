"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import FunctionType

import numpydoc.validate
import pytest
import yaml

import preventeval

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "preventeval").rglob("*.py"))
HEAVY = {"arviz", "linearmodels", "matplotlib", "nutpie", "pymc", "scipy.stats", "statsmodels"}
ESTIMATOR_PACKAGES = ("preventeval.did", "preventeval.bayes")

# Put together from pieces, so that this file does not hold what it forbids.
FORBIDDEN_EVERYWHERE = [f"/{folder}/" for folder in ("work", "tmp", "root")] + ["TO" + "DO", "FIX" + "ME"]
FORBIDDEN_IN_SOURCE = ["control" + "_group", "g" + "name", "t" + "name", "y" + "name"]

NUMPYDOC_LEFT_OUT = {
    "ES01": "many things are said in one line",
    "EX01": "examples are asked for where they help",
    "PR04": "types are in the signature",
    "RT03": "a return type such as 'EffectEstimate' can say it all",
    "SA01": "a See Also in every docstring helps nobody",
    "SS05": "a summary may name the thing: 'Standard errors of …'",
}


FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def loaded_after(statements: str) -> set[str]:
    """Names of the modules that a fresh interpreter holds after some statements."""
    code = f"{statements}\nimport json, sys\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(run.stderr.splitlines()[-1]))


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Path and content of every text file in the checkout that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in sorted(set(listed.split("\0")) - {""}):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in content[:8000]:
            yield name, content.decode("utf-8")


def test_import_is_light() -> None:
    assert not HEAVY & loaded_after("import preventeval")


def test_asking_for_help_loads_no_data_library() -> None:
    # Stands in for a limit on time: pandas alone takes longer to load than help may take to appear.
    ask = """
import sys
from preventeval.cli import main
sys.argv = ["preventeval", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
    loaded = loaded_after(ask)
    assert not (HEAVY | {"pandas", "pydantic"}) & loaded


def test_public_door() -> None:
    public = {name for name in preventeval.__all__ if not name.startswith("_")}
    assert {name for name in dir(preventeval) if not name.startswith("_")} == public
    assert len(preventeval.__all__) < 60
    assert len(preventeval.__all__) == len(set(preventeval.__all__))
    for name in preventeval.__all__:
        assert getattr(preventeval, name) is not None


def architecture_paths() -> list[str]:
    """First words of the lines in ARCHITECTURE.md's list of files."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    blocks = re.findall(r"^```text\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lists = [block for block in blocks if re.search(r"^src/preventeval/", block, flags=re.MULTILINE)]
    assert len(lists) == 1, "ARCHITECTURE.md should hold one ```text block that lists src/preventeval/…"
    return [line.split()[0] for line in lists[0].splitlines() if line.strip()]


def test_architecture_names_only_what_exists() -> None:
    # models/<name>/card.md stands for any name
    patterns = {path: re.sub(r"<[^>]*>", "*", path).rstrip("/") for path in architecture_paths()}
    assert [path for path, pattern in patterns.items() if not any(ROOT.glob(pattern))] == []


def test_architecture_names_every_module() -> None:
    named = {path.rstrip("/") for path in architecture_paths()}
    # A folder's line speaks for the files in it.
    door = ROOT / "src" / "preventeval"
    entries = {door / path.relative_to(door).parts[0] for path in SOURCES}
    assert sorted({entry.relative_to(ROOT).as_posix() for entry in entries} - named) == []


def test_every_source_folder_is_a_package() -> None:
    # The check of the layers does not see into a folder without __init__.py.
    folders = {path.parent for path in SOURCES}
    assert [folder.name for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_files_and_functions_are_short(path: Path) -> None:
    # Docstrings are not counted: nobody should save on them.
    text = path.read_text("utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    documented = [n for n in nodes if isinstance(n, ast.Module | ast.ClassDef | FUNCTION)]
    assert len(text.splitlines()) - sum(map(docstring_lines, documented)) <= 400
    lengths = {
        n.name: (n.end_lineno or n.lineno) - n.lineno + 1 - docstring_lines(n)
        for n in nodes
        if isinstance(n, FUNCTION)
    }
    assert {name: length for name, length in lengths.items() if length > 70} == {}


def docstring_lines(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Number of lines of a docstring."""
    if ast.get_docstring(node) is None:
        return 0
    return (node.body[0].end_lineno or 0) - node.body[0].lineno + 1


def test_no_forbidden_words() -> None:
    found = [
        f"{name}: {word}"
        for name, text in tracked_texts()
        for word in FORBIDDEN_EVERYWHERE + (FORBIDDEN_IN_SOURCE if name.startswith("src/") else [])
        if word in text
    ]
    assert found == [], "\n".join(found)


def estimators() -> list[str]:
    """Class names of the estimators that the registries of the package list."""
    modules = [importlib.import_module(name) for name in ESTIMATOR_PACKAGES]
    things = [(name, getattr(module, name)) for module in modules for name in module.__all__]
    return [name for name, thing in things if inspect.isclass(thing) and hasattr(thing, "fit")]


def test_every_estimator_has_a_card() -> None:
    cards = {path.parent.name.replace("_", "").replace("-", "") for path in ROOT.glob("models/*/card.md")}
    assert estimators()
    assert [name for name in estimators() if name.lower() not in cards] == []


def test_citation_agrees_with_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"authors", "message", "title"} <= set(citation)  # what the format requires
    assert citation["cff-version"] == "1.2.0"
    assert str(citation["version"]) == preventeval.__version__
    assert citation["license"] == "Apache-2.0"


def documented_names() -> list[str]:
    """Dotted names of all public functions and classes, and of what the classes define."""
    names = []
    for name in preventeval.__all__:
        thing = getattr(preventeval, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            names.append(f"preventeval.{name}")
        if inspect.isclass(thing):
            defined = (FunctionType, property, cached_property, classmethod, staticmethod)
            members = [key for key, value in vars(thing).items() if isinstance(value, defined)]
            names += [f"preventeval.{name}.{key}" for key in members if not key.startswith("_")]
    return names


def problems(name: str) -> list[str]:
    """What numpydoc finds wrong with a docstring, but for what we leave out."""
    result = numpydoc.validate.validate(name)
    left_out = set(NUMPYDOC_LEFT_OUT)
    if name.count(".") > 1:
        left_out.add("RT01")  # the summary of a method names what it gives back
        if "\n" not in result["docstring"].strip():
            left_out.add("PR01")  # a method that one line explains needs no sections
    elif is_exception(name) or is_protocol(name):
        left_out.add("PR01")  # the base of the family says what an error takes; a protocol takes nothing
    return [f"{name}: {code} {text}" for code, text in result["errors"] if code not in left_out]


def is_protocol(name: str) -> bool:
    """Whether a public name says what others must be able to do."""
    return bool(getattr(getattr(preventeval, name.removeprefix("preventeval.")), "_is_protocol", False))


def is_exception(name: str) -> bool:
    """Whether a public name is an error or a warning."""
    thing = getattr(preventeval, name.removeprefix("preventeval."))
    return inspect.isclass(thing) and issubclass(thing, Exception)


def test_docstrings_follow_numpydoc() -> None:
    found = [problem for name in documented_names() for problem in problems(name)]
    assert found == [], "\n".join(found)

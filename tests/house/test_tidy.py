"""The shape of the house: rules that keep it pleasant, each with its reason."""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "pilotage").rglob("*.py"))
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
VAGUE = {"utils", "util", "common", "helpers", "helper", "models", "manager", "misc", "base"}


def _name(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_module_says_what_it_is_for(path):
    """Every module opens with a docstring, so that a reader knows where they are."""
    assert ast.get_docstring(ast.parse(path.read_text())), f"{_name(path)} has no module docstring"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_modules_and_functions_stay_short(path):
    """A module that needs scrolling for ever, or a function that does not fit a screen or two, hides its parts."""
    text = path.read_text()
    assert text.count("\n") <= MODULE_LINES_MAX, f"{_name(path)} has more than {MODULE_LINES_MAX} lines; split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{_name(path)}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_names_say_something(path):
    """A module called for everything holds everything: types and functions live beside their use."""
    assert path.stem not in VAGUE, f"{_name(path)}: name it for what it holds"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=_name)
def test_a_package_is_a_contents_page(path):
    """`__init__.py` holds imports and `__all__` (which ruff keeps sorted), nothing else: importing runs nothing."""
    for node in ast.parse(path.read_text()).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        listing = isinstance(node, ast.Assign) and [getattr(t, "id", "") for t in node.targets] == ["__all__"]
        assert docstring or listing or isinstance(node, ast.Import | ast.ImportFrom), f"{_name(path)}:{node.lineno}"


def test_every_test_states_its_specification():
    """A test's docstring is the sentence that it proves."""
    silent = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent, "tests without a docstring:\n" + "\n".join(silent)


def test_suppressions_give_their_reason():
    """Whoever silences a checker says why, on the same line."""
    bare = [
        f"{_name(path)}:{number}"
        for path in [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*noqa(:\s*[A-Z0-9, ]+)?\s*$", line)
    ]
    assert not bare, "noqa without a reason: " + ", ".join(bare)


def test_the_pins_name_no_registry():
    """Pinned dependencies carry hashes and no address, so that any mirror serves them."""
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        assert "://" not in text, path.name
        assert "--index-url" not in text, path.name
        assert "--hash=sha256:" in text, path.name


def test_nothing_third_party_is_committed():
    """Scripts, styles and fonts of others come from their packages at install time, not from this repository."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert files
    assert not [f for f in files if re.search(r"(\.min\.(js|css)|\.woff2?|node_modules|uv\.lock)$", f)]

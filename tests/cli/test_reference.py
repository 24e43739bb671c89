"""The documentation of the command line and its settings is complete, and is what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from tests.cli.test_program import all_commands

from pilotage.cli.reference import SHARED, reference

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_reference_page_is_the_generated_one():
    """`docs/cli.md` is what the program generates; `make guides` writes it again."""
    assert reference() == PAGE


def test_every_command_and_option_is_documented():
    """Each command has a heading, and each of its options a row or a place among the shared ones."""
    commands = list(all_commands())[1:]
    headings = [f"# {ctx.command_path.replace(' WORKLOAD', '')}" for ctx, _ in commands]
    bare = re.sub(r" [A-Z]+(?= |$)", "", PAGE, flags=re.MULTILINE)
    assert [heading for heading in headings if heading not in bare] == []
    sections = re.split(r"^#+ ", PAGE, flags=re.MULTILINE)
    for ctx, found in commands:
        section = next(text for text in sections if text.startswith(f"{ctx.command_path}\n"))
        options = [param for param in found.params if isinstance(param, click.Option) and param not in SHARED]
        missing = [option.opts[-1] for option in options if option.opts[-1] not in section]
        assert not missing, ctx.command_path


def test_every_setting_is_documented():
    """Each environment variable that the program reads has a row in `docs/settings.md`, and none is invented there."""
    named = re.compile(r"(?<!_)PILOTAGE_[A-Z_]+")
    read = {name for path in (ROOT / "src").rglob("*.py") for name in named.findall(path.read_text(encoding="utf-8"))}
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(PILOTAGE_[A-Z_]+)` \|", text, flags=re.MULTILINE))
    assert rows == read


@pytest.mark.parametrize("name", ["quickstart.md", "settings.md", "cli.md"])
def test_what_the_guides_name_exists(name):
    """Every command and every page that a guide names exists."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    known = {ctx.command_path.replace(" WORKLOAD", "") for ctx, _ in all_commands()}
    for line in re.findall(r"^\$ (pilotage [^#\n]*)", text, flags=re.MULTILINE):
        words = [word for word in line.split() if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
        command = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in known), None)
        assert command is not None, line
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", text):
        assert (ROOT / "docs" / target).exists(), target

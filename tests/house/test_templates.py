"""Templates of two folders share one search path, so that one name must mean one template."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "pilotage"


def test_no_two_templates_share_a_name():
    """The pages' folder is searched first: a second template of the same name could never be had."""
    names = Counter(path.name for path in SOURCES.rglob("*.html"))
    assert len(names) > 20
    assert [name for name, count in names.items() if count > 1] == []

"""The guide of the SDK leaves nothing out: reasons, codes, settings and methods."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pilotage

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "sdk.md").read_text()
SOURCES = "\n".join(path.read_text() for path in sorted((ROOT / "src" / "pilotage" / "runtime").glob("*.py")))


def found(pattern):
    """What the sources hold at a pattern, each once."""
    return sorted(set(re.findall(pattern, SOURCES)))


COUNTERS = (
    found(r'\.add\("([a-z-]+)"') + found(r', "(buffer-full[a-z-]*)"') + found(r'"([a-z]+-(?:spooled|delivered))"')
)
FALLBACKS = found(r'fallback ?= ?"([a-z-]+)"') + found(r'return (?:None|"none"), "([a-z-]+)"')
PROBLEMS = found(r'InvalidUse\(\s*"([a-z0-9-]+)"')
VARIABLES = found(r'"(PILOTAGE_[A-Z]+)"')
METHODS = [name for name in vars(pilotage.Workload) if not name.startswith("_")]


def test_the_sources_were_read():
    """The patterns still find what they are for."""
    assert {"buffer-full", "calls-delivered", "refused"} <= set(COUNTERS)
    assert {"no-unit", "release-mismatch", "demonstration"} <= set(FALLBACKS)
    assert {"bad-slug", "only-for-replay", "async-incumbent"} <= set(PROBLEMS)
    assert "PILOTAGE_URL" in VARIABLES


@pytest.mark.parametrize("name", [*COUNTERS, *FALLBACKS, *PROBLEMS, *VARIABLES])
def test_the_guide_explains_every_code(name):
    """Every counter, fallback, refusal and environment variable is in the guide."""
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("name", METHODS)
def test_the_guide_shows_every_method(name):
    """Every method and property of a workload that applications may use is in the guide."""
    assert name in {"slug", "settings", "close", "renew_after_fork"} or re.search(rf"\.{name}\b|`{name}`", GUIDE)


@pytest.mark.parametrize("name", pilotage.__all__)
def test_the_guide_shows_every_name(name):
    """Every name that the package exports is in the guide."""
    assert name in GUIDE

"""Whatever happens to a playbook file, it loads whole or is refused with its problems; it never half loads."""

from __future__ import annotations

import copy
import datetime as dt
import re
from importlib import resources
from typing import get_args

import msgspec
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pilotage.playbook import nodes
from pilotage.playbook.errors import PlaybookInvalid
from pilotage.playbook.loading import load, parse, shipped
from pilotage.playbook.types import Criterion, Lane, Phase, Playbook, Review, Stage

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
TEXT = {
    name: resources.files("pilotage.playbook").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    for name in shipped()
}
WHOLE = {name: {**yaml.safe_load(text), "id": "ours"} for name, text in TEXT.items()}
STANDARD = load("standard")
UNWAIVABLE = {line.id for phase in STANDARD.phases for line in phase.criteria if not line.waivable}

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, 2**200, -1, 0, 10**400]),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.sampled_from(["select", "select.owner", "standard", "1e5", "yes", "", " ", "\N{BEL}", "suggest"]),
    st.dates(),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.sampled_from(["id", "title", "weeks", "x"]), st.text("ab.", max_size=5), max_size=3),
    st.just(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
)
CHANGES = ("delete", "replace", "duplicate", "swap", "insert")


def dumped(data):
    """Plain data as YAML."""
    return yaml.dump(data, Dumper=DUMPER, sort_keys=False)


def places(data):
    """Every container in plain data with each of its keys or positions."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []
    for key in keys:
        yield data, key
        yield from places(data[key])


@st.composite
def mutated(draw):
    """A shipped playbook's plain data after one to four changes."""
    data = copy.deepcopy(WHOLE[draw(st.sampled_from(shipped()))])
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(data))
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        change = draw(st.sampled_from(CHANGES))
        if change == "delete":
            del container[key]
        elif change == "replace":
            container[key] = draw(JUNK)
        elif change == "insert" and isinstance(container, dict):
            container[draw(st.sampled_from(["extends", "without", "titel", "check", "params"]))] = draw(JUNK)
        elif change == "duplicate" and isinstance(container, list):
            container.insert(key, copy.deepcopy(container[key]))
        elif change == "swap" and isinstance(container, list):
            container[key], container[0] = container[0], container[key]
    return data


def outcome(text):
    """The playbook, or None when it was refused with problems that make sense."""
    try:
        return parse(text, "ours.yaml")
    except PlaybookInvalid as refused:
        problems = refused.problems
    assert problems
    for problem in problems:
        assert re.fullmatch(r"[a-z-]+", problem.code)
        assert problem.message.strip()
        assert problem.line is None or 1 <= problem.line <= text.count("\n") + 2
        assert problem.code != "unfit", "the shape check let something through that does not convert"
    return None


def keeps_the_method(playbook):
    """Whether a playbook keeps what no team may change."""
    lines = {line.id: line for phase in playbook.phases for line in phase.criteria}
    return (
        [phase.id for phase in playbook.phases] == [phase.id for phase in STANDARD.phases]
        and all(not lines[name].waivable and set(lines[name].lanes) == set(get_args(Lane)) for name in UNWAIVABLE)
        and sum("low" in line.lanes for line in lines.values()) <= 20
        and playbook.waivers.days_max <= 30
        and playbook.waivers.ceiling_percent <= 5
        and playbook.stages[-1].percent == 100
        and playbook.phases[-1].weeks[1] is None
    )


@settings(max_examples=150)
@given(mutated())
def test_a_changed_playbook_loads_whole_or_is_refused(data):
    """After any changes to its data a playbook keeps the method's rules, or is refused: nothing else is raised."""
    playbook = outcome(dumped(data))
    assert playbook is None or keeps_the_method(playbook)


@settings(max_examples=150)
@given(st.sampled_from(shipped()), st.data())
def test_a_damaged_text_loads_whole_or_is_refused(name, data):
    """After damage to its text, as by a bad merge or a slip of the hand, the same holds."""
    text = TEXT[name].replace(f"id: {name}\n", "id: ours\n", 1)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 60)))
        text = text[:start] + data.draw(st.text("ab:-[]{}&*!|>'\"#\n\t 19.\0\ud800", max_size=8)) + text[end:]
    playbook = outcome(text)
    assert playbook is None or keeps_the_method(playbook)


@settings(max_examples=200)
@given(st.text(max_size=200))
@example("")
@example("\ud800")
@example("- " * 5000)
@example("a: " + "[" * 20_000)
@example("{" * 20_000)
@example("a: &a [*a]")
@example("? {a: b}\n: c")
@example("x: !!timestamp soon")
@example("x: =\n<<: y\n")
def test_any_text_is_refused_politely(text):
    """Text that is no playbook at all is refused with its problems."""
    assert outcome(text) is None


def required_keys():
    """The place of every key in the standard cadence that its type requires."""
    wanted = {
        "": Playbook,
        "phases[]": Phase,
        "phases[].criteria[]": Criterion,
        "reviews[]": Review,
        "stages[]": Stage,
    }
    names = {
        at: {field.encode_name for field in msgspec.structs.fields(cls) if field.required} for at, cls in wanted.items()
    }
    return [
        (path, key)
        for path, data in walk(WHOLE["standard"], ())
        for key in names.get(re.sub(r"\[\d+\]", "[]", shown(path)), ())
        if key in data
    ]


def walk(data, path):
    """Every mapping in plain data with the keys and positions that lead to it."""
    if isinstance(data, dict):
        yield path, data
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, below in pairs:
        yield from walk(below, (*path, key))


def shown(path):
    """A path as problems write it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


@settings(max_examples=80)
@given(st.sampled_from(required_keys()))
def test_no_required_key_is_ever_dispensed_with(place):
    """Deleting a required key, at any place of the standard cadence, is refused at that place."""
    path, key = place
    data = copy.deepcopy(WHOLE["standard"])
    at = data
    for step in path:
        at = at[step]
    del at[key]
    with pytest.raises(PlaybookInvalid) as caught:
        parse(dumped(data), "ours.yaml")
    assert f"{shown(path)}.{key}".lstrip(".") in {problem.path for problem in caught.value.problems}


def test_every_part_of_a_playbook_has_required_keys():
    """The places tried above are all there: the playbook, its phases and criteria, its reviews and stages."""
    kinds = {re.sub(r"\[\d+\]", "[]", shown(path)) for path, _ in required_keys()}
    assert kinds == {"", "phases[]", "phases[].criteria[]", "reviews[]", "stages[]"}
    assert len(required_keys()) > 450


@pytest.mark.parametrize("name", shipped())
def test_both_readers_of_yaml_see_the_same(name, monkeypatch):
    """Where the fast reader is not installed, the slow one gives the same tree, place by place."""
    fast = nodes.read(TEXT[name])
    monkeypatch.setattr(nodes, "LOADER", yaml.SafeLoader)
    assert nodes.read(TEXT[name]) == fast

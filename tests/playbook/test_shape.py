"""The shape check finds every difference between a tree and a type, and agrees with msgspec on whether there is one."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from pilotage.playbook.metrics import Guardrail, Metric, Target
from pilotage.playbook.nodes import plain, read, walk
from pilotage.playbook.shape import differences


class Square(Struct, frozen=True, kw_only=True, tag="square"):
    """A tagged alternative."""

    side: Annotated[float, Meta(gt=0)]


class Circle(Struct, frozen=True, kw_only=True, tag="circle"):
    """Another."""

    radius: float
    names: Annotated[tuple[str, ...], Meta(max_length=2)] = ()


class Sheet(Struct, frozen=True, kw_only=True):
    """One of everything that a file's type may hold."""

    name: Annotated[str, Meta(pattern="^[a-z]+$", max_length=5, extra={"shown": True})]
    count: Annotated[int, Meta(ge=1, le=9, multiple_of=2)]
    share: Annotated[float, Meta(lt=1)] = 0.5
    done: bool = False
    size: Literal["small", "large"] = "small"
    level: Literal[1, 2] = 1
    shape: Square | Circle | None = None
    pair: tuple[int, int | None] = (1, None)
    words: list[str] = []
    table: dict[Annotated[str, Meta(min_length=2)], float | int | str | bool] = {}


def found(text, kind=Sheet):
    """Path and code of each difference."""
    node, problems = read(text)
    assert node is not None
    assert not problems
    return [(problem.path, problem.code) for problem in differences(node, kind)]


def test_a_fitting_tree_has_no_difference():
    """What fits is passed in full, numbers without a fraction where any number may stand."""
    text = """
name: sheet
count: 4
share: 0
shape: {type: circle, radius: 1, names: [a]}
pair: [1, null]
table: {ab: 1, bc: text, cd: true}
"""
    assert found(text) == []
    assert msgspec.convert(plain(read(text)[0]), Sheet).shape == Circle(radius=1, names=("a",))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("extra: 1", [("extra", "unknown-key")]),
        ("share: low", [("share", "wrong-type")]),
        ("share: true", [("share", "wrong-type")]),
        ("share: 1", [("share", "out-of-range")]),
        ("share: .nan", [("share", "not-finite")]),
        ("done: 1", [("done", "wrong-type")]),
        ("size: medium", [("size", "not-allowed")]),
        ("size: [small]", [("size", "wrong-type")]),
        ("level: 3", [("level", "not-allowed")]),
        ("level: true", [("level", "wrong-type")]),
        ("shape: {radius: 1}", [("shape.type", "missing-key")]),
        ("shape: {type: oval}", [("shape.type", "not-allowed")]),
        ("shape: {type: square, side: 0}", [("shape.side", "out-of-range")]),
        ("shape: {type: circle, radius: 1, names: [a, b, c]}", [("shape.names", "too-long")]),
        ("shape: round", [("shape", "wrong-type")]),
        ("pair: [1]", [("pair", "wrong-length")]),
        ("pair: [one, 2.5]", [("pair[0]", "wrong-type"), ("pair[1]", "wrong-type")]),
        ("words: [a, 1, null]", [("words[1]", "wrong-type"), ("words[2]", "wrong-type")]),
        ("table: {a: 1}", [("table.a", "too-short")]),
        ("table: {ab: []}", [("table.ab", "wrong-type")]),
        ("table: []", [("table", "wrong-type")]),
    ],
)
def test_each_difference_is_found_at_its_place(line, expected):
    """Every sort of difference has its own code, and names the place it is at."""
    assert found(f"name: sheet\ncount: 4\n{line}") == expected


def test_all_differences_are_found_at_once():
    """A second fault is not hidden by the first, even at the same place."""
    assert found("name: UPPERCASE\ncount: 11\ndone: maybe\nshape: {type: square}\n") == [
        ("name", "too-long"),
        ("name", "wrong-form"),
        ("count", "out-of-range"),
        ("count", "out-of-range"),
        ("done", "wrong-type"),
        ("shape.side", "missing-key"),
    ]
    assert found("done: true") == [("name", "missing-key"), ("count", "missing-key")]
    assert found("[]") == [("", "wrong-type")]


def test_messages_say_what_to_write():
    """A message quotes what stands there and offers what may stand there instead."""
    node, _ = read("nme: x\ncount: two\nsize: larg\nlevel: 7")
    assert node is not None
    assert [str(problem) for problem in differences(node, Sheet)] == [
        "line 1, nme: nme is no key of this place; did you mean name?",
        'line 2, count: This is the text "two"; write a whole number.',
        'line 3, size: This is the text "larg"; did you mean large?',
        "line 4, level: This is 7; write one of 1, 2.",
        "line 1, name: name is missing; add it as text.",
    ]


def test_a_type_that_cannot_be_checked_is_refused():
    """Nothing passes unchecked: a type unknown to the check stops it, whatever the tree holds."""
    node, _ = read("[]")
    with pytest.raises(TypeError, match="SetType is not checked yet"):
        list(differences(node, set[int]))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.floats() | st.sampled_from(["a", "small", "sheet", "circle"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "side", "radius", "ab", "c"]), below, max_size=3)
    ),
    max_leaves=5,
)
SHEETS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(Sheet.__struct_fields__, VALUES)
    | {
        "name": st.sampled_from(["sheet", "a"]) | VALUES,
        "count": st.sampled_from([2, 4]) | VALUES,
        "shape": st.fixed_dictionaries({"type": st.sampled_from(["square", "circle"]), "side": VALUES}) | VALUES,
    },
)


@given(SHEETS)
def test_it_agrees_with_msgspec(data):
    """A tree without differences converts, and one that does not convert has a difference."""
    node, problems = read(yaml.safe_dump(data))
    assert node is not None
    assert not problems
    differs = list(differences(node, Sheet))
    try:
        msgspec.convert(plain(node), Sheet)
    except msgspec.ValidationError:
        assert differs
    else:
        # Stricter than msgspec in just two things: keys that nobody reads, and numbers that are none.
        assert {problem.code for problem in differs} <= {"unknown-key", "not-finite"}


@pytest.mark.parametrize("kind", [Metric, Target, Guardrail])
def test_the_types_of_a_charter_can_be_checked_too(kind):
    """The same check serves metrics, targets and guardrails in a workload's file."""
    required = [field.encode_name for field in msgspec.structs.fields(kind) if field.required]
    assert found("{}", kind) == [(name, "missing-key") for name in required]


def test_every_value_knows_its_line():
    """A value's line is that of its key, or of its own start where it has none."""
    node, _ = read("a: 1\nb:\n  - x\n  - c: >-\n      long\n")
    assert node is not None
    lines = {place.path: place.line for place in walk(node)}
    assert lines == {"": 1, "a": 1, "b": 2, "b[0]": 3, "b[1]": 4, "b[1].c": 4}

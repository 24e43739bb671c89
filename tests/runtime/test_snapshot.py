from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.runtime.snapshot import arguments, snapshot

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


class Colour(Enum):
    """An enumeration."""

    RED = "red"


@dataclass
class Ticket:
    """A data class."""

    text: str
    lines: list[str]


class Model:
    """Something like a pydantic model."""

    def model_dump(self):
        """Its parts."""
        return {"team": "billing"}


class Stubborn:
    """An object that cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no")


@given(values)
def test_what_has_a_json_form_is_recorded_as_it_is(value):
    """Values made of plain parts come back from the record unchanged."""
    assert json.loads(snapshot(value)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Ticket("hello", ["a"]), {"text": "hello", "lines": ["a"]}),
        (Colour.RED, "red"),
        ((1, {2}), [1, [2]]),
        (dt.date(2026, 11, 2), "2026-11-02"),
        (np.float64(0.25), 0.25),
        (np.arange(3), [0, 1, 2]),
        (Model(), {"team": "billing"}),
        ({1: "a", (1, 2): "b"}, {"1": "a", "(1, 2)": "b"}),
        (float("nan"), None),
        (2**80, 2**80),
        (complex(1, 2), "(1+2j)"),
    ],
)
def test_other_values_are_recorded_as_near_as_can_be(value, expected):
    """Objects are recorded by their parts, arrays as lists, and the rest as their repr."""
    assert json.loads(snapshot(value)) == expected


def test_broken_text_is_spelt_out():
    """Text that is not valid Unicode is recorded with escapes."""
    assert json.loads(snapshot({"a": ["\ud800x"]})) == {"a": ["\\ud800x"]}


def test_a_value_that_contains_itself_is_cut():
    """A circular value is recorded down to a depth."""
    value: list[object] = [1]
    value.append(value)
    assert snapshot(value).startswith("[1,[1,[1,")


def test_a_value_that_cannot_even_be_shown_is_left_out():
    """An object whose own code fails is not recorded, and fails nobody."""
    assert snapshot(Stubborn()) is None
    assert snapshot([Stubborn()]) is None


def test_one_argument_is_recorded_as_itself():
    """A single positional argument is the input; several are recorded by place and name."""
    assert arguments(("ticket",), {}) == "ticket"
    assert arguments(("a", "b"), {"c": 1}) == {"args": ("a", "b"), "kwargs": {"c": 1}}
    assert arguments((), {}) == {"args": (), "kwargs": {}}

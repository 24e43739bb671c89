"""The bytes that are hashed, against the library of RFC 8785 and against the documented example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.ledger_contract import characters, json_values, payloads

from pilotage.storage.errors import StorageRefused
from pilotage.storage.ledger.entry_format import canonical, commitment, entry_bytes, json_value
from pilotage.storage.ledger.merkle import Frontier, leaf_hash

DOCUMENT = Path(__file__).parents[3] / "docs" / "ledger-format.md"


@given(
    numbers=st.tuples(st.integers(1, 2**53 - 1), st.integers(1, 2**53 - 1)),
    names=st.tuples(*[st.text(characters, max_size=12)] * 3),
    simulated=st.booleans(),
    payload=payloads,
)
def test_an_entry_is_the_canonical_json_of_its_members(
    numbers: tuple[int, int], names: tuple[str, str, str], simulated: bool, payload: dict[str, Any]
) -> None:
    """Put together in pieces, an entry has exactly the bytes that RFC 8785 gives for the whole object."""
    position, sequence = numbers
    workload, kind, actor = names
    at = "2026-11-23T17:25:00.123456Z"
    members = {
        "format": 1,
        "position": position,
        "workload": workload,
        "sequence": sequence,
        "kind": kind,
        "actor": actor,
        "at": at,
        "simulated": simulated,
        "payload": payload,
    }
    assembled = entry_bytes(
        position=position,
        workload=workload,
        sequence=sequence,
        kind=kind,
        actor=actor,
        at=at,
        simulated=simulated,
        payload=canonical(payload),
    )
    assert assembled == rfc8785.dumps(members)


@given(json_values)
def test_canonical_json_reads_back_equal(value: Any) -> None:
    """Canonical bytes read back as the value they were made of, doubles beyond 2**53 included."""
    assert json_value(canonical(value).decode()) == value


def test_a_large_double_reads_back_as_itself() -> None:
    """A double is written with its shortest digits and zeros; read as an integer it would be another number."""
    text = canonical(6.744307619778585e16).decode()
    assert text == "67443076197785850"
    assert json_value(text) == 6.744307619778585e16
    assert int(text) != int(json_value(text)) == 67443076197785848


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53), {1: 2}, {"a": object()}, "\udfff"])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    """Values that JSON cannot carry from one program to another unchanged are refused, not rounded."""
    with pytest.raises(StorageRefused) as caught:
        canonical(value)
    assert caught.value.code == "ledger-payload"


def test_the_documented_example() -> None:
    """The entry, commitment, leaf and heads that the documentation shows are what the code computes."""
    blocks = re.findall(r"```(\w+)\n(.*?)\n```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)
    entries = [text.encode() for language, text in blocks if language == "json" and text.startswith('{"actor"')]
    figures = dict(
        line.split(maxsplit=1) for language, text in blocks if language == "text" for line in text.splitlines()
    )
    assert len(entries) == 2
    for entry in entries:
        assert rfc8785.dumps(json_value(entry.decode())) == entry
    leaves = [leaf_hash(entry) for entry in entries]
    assert [leaf.hex() for leaf in leaves] == [figures["leaf(1)"], figures["leaf(2)"]]
    assert Frontier(leaves[:1]).root().hex() == figures["root(1)"] == figures["leaf(1)"]
    assert Frontier(leaves).root().hex() == figures["root(2)"]
    salt = bytes.fromhex(figures["salt"])
    committed = json_value(entries[1].decode())["payload"]["statement"]["commitment"]
    assert commitment(salt, figures["text"].encode()) == committed

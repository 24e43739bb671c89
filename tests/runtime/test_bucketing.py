from __future__ import annotations

import re
from pathlib import Path

import mmh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.runtime.bucketing import (
    BUCKETS,
    PAIR_SEED,
    Buckets,
    bucket,
    buckets_inside,
    is_inside,
    is_paired,
    pair_bound,
)

PAGE = Path(__file__).parents[2] / "docs" / "bucketing.md"
MASK = 0xFFFFFFFF

texts = st.text(max_size=30)
percents = st.floats(0, 100)


def rows(heading):
    """The rows of the page's table with these column names."""
    table = PAGE.read_text().split(heading, 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table if line.startswith("|")]


def murmur3(data: bytes, seed: int) -> int:
    """MurmurHash3 x86 32-bit, from its published definition: the second opinion."""

    def mixed(block):
        block = block * 0xCC9E2D51 & MASK
        return (block << 15 | block >> 17) * 0x1B873593 & MASK

    state, whole = seed, len(data) // 4 * 4
    for at in range(0, whole, 4):
        state ^= mixed(int.from_bytes(data[at : at + 4], "little"))
        state = (state << 13 | state >> 19) & MASK
        state = state * 5 + 0xE6546B64 & MASK
    state ^= mixed(int.from_bytes(data[whole:], "little")) ^ len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        state = (state ^ state >> shift) * factor & MASK
    return state


@pytest.mark.parametrize(("data", "seed", "expected"), rows("| bytes | seed | hash |"))
def test_the_hash_is_the_published_one(data, seed, expected):
    """Both implementations give the published values of MurmurHash3 x86 32-bit."""
    for hashed in (murmur3, lambda data, seed: mmh3.hash(data, seed, signed=False)):
        assert f"{hashed(bytes.fromhex(data), int(seed, 16)):08x}" == expected


@pytest.mark.parametrize(("salt", "unit", "hashed", "expected"), rows("| salt | unit | hash | bucket |"))
def test_buckets_are_those_on_the_page(salt, unit, hashed, expected):
    """The published buckets hold for the SDK and for an implementation written from the page alone."""
    assert f"{murmur3(f'{salt}:{unit}'.encode(), 0):08x}" == hashed
    assert int(hashed, 16) % 10_000 == bucket(salt, unit) == int(expected)


@pytest.mark.parametrize(("call_id", "hashed", "paired"), rows("| call id | hash | paired at 10 % |"))
def test_pairing_is_as_on_the_page(call_id, hashed, paired):
    """The published pairings hold for the SDK and for an implementation written from the page alone."""
    assert f"{murmur3(bytes.fromhex(call_id), PAIR_SEED):08x}" == hashed
    assert is_paired(call_id, 0.1) == (paired == "yes") == (int(hashed, 16) < round(0.1 * 2**32))


def test_the_page_has_vectors():
    """The tables are really there to be read."""
    assert len(rows("| salt | unit | hash | bucket |")) == 7
    assert re.search("0x70616972", PAGE.read_text())
    assert PAIR_SEED == 0x70616972


@given(texts, texts)
def test_a_unit_stays_in_its_bucket(salt, unit):
    """The same unit gets the same bucket every time, and it is one of ten thousand."""
    known = Buckets(salt)
    assert bucket(salt, unit) == known[unit] == known[unit] == murmur3(f"{salt}:{unit}".encode(), 0) % BUCKETS


def test_buckets_are_remembered_within_a_bound():
    """What was worked out is remembered, but not without end, and forgetting changes nothing."""
    known = Buckets("salt")
    buckets = [known[str(number)] for number in range(70_000)]
    assert buckets[0] == bucket("salt", "0")
    assert len(known) <= 65_536
    assert known["0"] == bucket("salt", "0")


@given(texts, texts, percents, percents)
def test_raising_the_percentage_never_moves_a_unit_out(salt, unit, one, other):
    """Whoever is inside at some percentage is inside at every higher one."""
    low, high = sorted((one, other))
    assert is_inside(salt, unit, low) <= is_inside(salt, unit, high)


@given(texts, texts)
def test_nobody_is_inside_nothing_and_everybody_inside_everything(salt, unit):
    """Zero percent is nobody and a hundred percent is everybody."""
    assert not is_inside(salt, unit, 0)
    assert is_inside(salt, unit, 100)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0.07, 7), (0.29, 29), (5, 500), (33.335, 3334), (-1, 0), (250, 10_000)]
)
def test_a_percentage_is_that_many_buckets(percent, expected):
    """No percentage loses or gains a bucket to binary fractions, and none goes beyond the ends."""
    assert buckets_inside(percent) == expected


def test_shares_come_out_as_asked():
    """Of many units, the share that is inside is the percentage, within what chance allows."""
    units = [f"customer-{number}" for number in range(20_000)]
    for percent in (1, 5, 25, 50):
        share = sum(is_inside("salt", unit, percent) for unit in units) / len(units)
        deviation = (percent / 100 * (1 - percent / 100) / len(units)) ** 0.5
        assert abs(share - percent / 100) < 4 * deviation


def test_pairing_says_nothing_about_assignment():
    """Calls are paired as often inside the percentage as outside, even when the call id is the unit."""
    ids = [f"{number:032x}" for number in range(20_000)]
    inside = [is_paired(call_id, 0.3) for call_id in ids if is_inside("", call_id, 50)]
    outside = [is_paired(call_id, 0.3) for call_id in ids if not is_inside("", call_id, 50)]
    assert abs(sum(inside) / len(inside) - sum(outside) / len(outside)) < 0.03


def test_no_pairing_and_full_pairing_are_exact():
    """A share of nothing pairs no call, and a share of one pairs every call."""
    assert pair_bound(0) == 0
    assert pair_bound(1) == 2**32

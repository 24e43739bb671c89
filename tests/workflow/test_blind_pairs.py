"""Which pairs are put before whom: drawn by a secret, the same again, and told without the arms."""

from __future__ import annotations

import msgspec
import pytest
from tests.workflow.office import SLUG
from tests.workflow.pilots import CountingStore, Pilot

from pilotage.record.areas.blind_reviewing import PairJudged
from pilotage.workflow.blind_pairs import BlindPairs

PEOPLE = ("oli", "sam", "pia")


@pytest.fixture
def pilot(tmp_path):
    """A pilot in shadow whose arms often differ."""
    store = CountingStore(tmp_path)
    running = Pilot(store)
    running.serve((0.4, 0.9), calls=300, unit=lambda call: f"unit-{int(call.call_id, 16) % 120}")
    yield running
    store.close()


def drawn(pilot: Pilot, seed: bytes = b"a secret") -> BlindPairs:
    """Who draws."""
    return BlindPairs(calls=pilot.store, seed_of=lambda _slug: seed)


def judge(pilot: Pilot, pairs: BlindPairs, person: str) -> PairJudged:
    """A person judges the pair that is put before them."""
    pair = pairs.next_for(pilot.story.standing, person)
    shown = pairs.shown(pilot.story.standing, person, pair.pair)
    fact = PairJudged(call=shown.call, attempt=1, first=shown.first, preferred="same", reason="Alike.")
    pilot.story.record(fact, person)
    return fact


def test_a_pair_is_the_same_until_it_is_judged(pilot):
    """Asked again, nobody gets another pair or another order; judged, it is put before nobody any more."""
    pairs = drawn(pilot)
    first = pairs.next_for(pilot.story.standing, "oli")
    assert first == pairs.next_for(pilot.story.standing, "oli")
    fact = judge(pilot, pairs, "oli")
    again = pairs.next_for(pilot.story.standing, "oli")
    assert again.pair != first.pair
    assert again.left < first.left
    for person in PEOPLE:
        name = pairs.next_for(pilot.story.standing, person).pair
        assert pairs.shown(pilot.story.standing, person, name).call != fact.call


def test_what_a_reader_gets_does_not_name_an_arm(pilot):
    """Neither the call nor an arm is in it, and the name of a pair is good for its reader alone."""
    pairs = drawn(pilot)
    pair = pairs.next_for(pilot.story.standing, "oli")
    shown = pairs.shown(pilot.story.standing, "oli", pair.pair)
    sent = msgspec.json.encode(pair).decode()
    assert shown.call not in sent
    assert "candidate" not in sent
    assert "incumbent" not in sent
    assert pairs.shown(pilot.story.standing, "sam", pair.pair) is None
    assert pair.first != pair.second


def test_order_and_sample_hang_on_the_secret_alone(pilot):
    """Either arm stands first about as often; another secret draws other pairs in another order."""
    pairs, firsts, calls = drawn(pilot), [], []
    for _ in range(60):
        fact = judge(pilot, pairs, "oli")
        firsts.append(fact.first)
        calls.append(fact.call)
    assert 15 <= firsts.count("candidate") <= 45
    assert len(set(calls)) == 60
    other = drawn(pilot, b"another secret")
    assert other.next_for(pilot.story.standing, "oli").pair != pairs.next_for(pilot.story.standing, "oli").pair


def test_of_each_unit_one_pair_is_judged(pilot):
    """Pairs of one unit hang together, so a unit that was judged is put before nobody again."""
    pairs, units = drawn(pilot), []
    for _ in range(40):
        call = judge(pilot, pairs, "oli").call
        units.append(pilot.store.call(SLUG, call).call.unit)
    assert len(set(units)) == 40

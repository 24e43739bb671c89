from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pilotage.storage.ledger.merkle import Frontier
from pilotage.storage.ledger.part import Stretch, _walk, head


@given(st.integers(0, 70), st.data())
def test_whatever_stays_behind_the_head_is_the_same(size, data):
    """Kept leaves and the roots of the stretches between them come to the head over all leaves; the stretches hold
    exactly what is not kept.
    """
    leaves = [bytes([n]) * 32 for n in range(size)]
    kept = sorted(data.draw(st.sets(st.integers(1, size)))) if size else []
    known, seen = {}, []
    for one in _walk(0, size, kept, leaves):
        if isinstance(one, Stretch):
            known[one.first, one.last] = bytes.fromhex(one.root)
            seen += range(one.first, one.last + 1)
        else:
            known[one, one] = leaves[one - 1]
    assert head(size, known) == Frontier(leaves).root()
    assert known == {}
    assert sorted([*seen, *kept]) == list(range(1, size + 1))

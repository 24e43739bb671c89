"""Every promise, in the order in which they are shown: add a module with `PROMISES`, and name it here."""

from __future__ import annotations

from tests.guarantees import assigning, covering, drifting, going, peeking, planning, shaking, stopping, trusting

PROMISES = [
    *going.PROMISES,
    *shaking.PROMISES,
    *stopping.PROMISES,
    *covering.PROMISES,
    *planning.PROMISES,
    *assigning.PROMISES,
    *trusting.PROMISES,
    *drifting.PROMISES,
    *peeking.PROMISES,
]

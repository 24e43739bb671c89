"""Every promise, in the order in which they are shown: add a module with `PROMISES`, and name it here."""

from __future__ import annotations

from tests.guarantees import (
    adding,
    assigning,
    covering,
    drifting,
    earning,
    going,
    peeking,
    planning,
    shaking,
    stopping,
    trusting,
)

PROMISES = [
    *going.PROMISES,
    *earning.GOES,
    *shaking.PROMISES,
    *stopping.PROMISES,
    *earning.HOLDS,
    *covering.PROMISES,
    *planning.PROMISES,
    *assigning.PROMISES,
    *trusting.PROMISES,
    *drifting.PROMISES,
    *peeking.PROMISES,
    *adding.PROMISES,
]

"""Which units are inside a percentage, and which calls also run the other arm: MurmurHash3, sticky and monotone.

Pure. The scheme and its test vectors are in `docs/bucketing.md`; any language can reproduce it.
"""

from __future__ import annotations

import mmh3

BUCKETS = 10_000
PAIR_SEED = 0x70616972
"""The letters "pair": another seed than the buckets', so that pairing and assignment are independent."""

HASHES = 2**32
REMEMBERED = 65_536


def bucket(salt: str, unit: str) -> int:
    """The unit's bucket, 0 to 9,999: MurmurHash3 x86 32-bit (seed 0, unsigned) of UTF-8 `salt:unit`, modulo 10,000."""
    return mmh3.hash(f"{salt}:{unit}", 0, signed=False) % BUCKETS


class Buckets(dict[str, int]):
    """Buckets by unit under one salt, remembered up to a bound: looking one up works it out."""

    def __init__(self, salt: str) -> None:
        super().__init__()
        self.salt = salt

    def __missing__(self, unit: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        found = self[unit] = bucket(self.salt, unit)
        return found


def buckets_inside(percent: float) -> int:
    """How many buckets, counted from 0, a percentage covers. Its resolution is a hundredth of a percent."""
    return min(BUCKETS, max(0, round(percent * 100)))


def is_inside(salt: str, unit: str, percent: float) -> bool:
    """Whether the unit is inside the percentage. Raising the percentage never moves a unit out."""
    return bucket(salt, unit) < buckets_inside(percent)


def pair_bound(share: float) -> int:
    """The hash below which a call is paired."""
    return round(share * HASHES)


def is_paired(call_id: str, share: float) -> bool:
    """Whether this call is in the sampled share that runs both arms: decided by the 16 bytes of its id alone."""
    return mmh3.hash(bytes.fromhex(call_id), PAIR_SEED, signed=False) < pair_bound(share)

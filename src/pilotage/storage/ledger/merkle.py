"""The Merkle tree of RFC 9162, section 2.1.1: leaf hashes, node hashes and the tree head. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """MTH({d}) = SHA-256(0x00 || d)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """What is needed of a growing tree to add a leaf and to tell its head: the roots of its complete subtrees.

    A tree of n leaves has one complete subtree per 1 in the binary form of n, the largest first (left). Adding a
    leaf costs one hash on average, the head at most log2(n), and nothing else is kept.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes)."""
        # Each trailing 1 of the size is a complete subtree that the new one pairs with, as a carry does.
        carry, size = leaf, self.size
        while size & 1:
            carry = node_hash(self._subtrees.pop(), carry)
            size >>= 1
        self._subtrees.append(carry)
        self.size += 1

    def root(self) -> bytes:
        """The tree head over all leaves so far; SHA-256 of nothing for the empty tree."""
        if not self._subtrees:
            return EMPTY_ROOT
        *left, head = self._subtrees
        for subtree in reversed(left):
            head = node_hash(subtree, head)
        return head

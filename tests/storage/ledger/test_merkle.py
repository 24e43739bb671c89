"""The tree against published vectors and against RFC 9162's own recursive definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pilotage.storage.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash

# The eight leaves and the tree heads that Certificate Transparency's reference implementations are tested with.
LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def test_heads_of_the_reference_leaves() -> None:
    """For every size from 0 to 8 the head of the reference leaves is the published one."""
    tree = Frontier()
    heads = [tree.root().hex()]
    for data in LEAVES:
        tree.add(leaf_hash(bytes.fromhex(data)))
        heads.append(tree.root().hex())
    assert tuple(heads) == ROOTS
    assert tree.size == len(LEAVES)


def head_by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, as it is written there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(head_by_definition(leaves[:k]), head_by_definition(leaves[k:]))


@given(st.integers(min_value=0, max_value=300))
def test_the_frontier_is_the_recursive_definition(size: int) -> None:
    """Growing the tree leaf by leaf gives the head that the standard defines by recursion, for any size."""
    leaves = [leaf_hash(number.to_bytes(2)) for number in range(size)]
    assert Frontier(leaves).root() == head_by_definition(leaves)

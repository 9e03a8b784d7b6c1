"""The Merkle tree of RFC 6962: its roots are those of the recursive definition, and every path leads to the root."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.ledger import merkle
from timebank.ledger.merkle import Tree, climb, leaf_hash


def _tree(leaves: list[bytes]) -> Tree:
    tree = Tree()
    for index, data in enumerate(leaves):
        tree.put(index, data)
    return tree


def _defined(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash as RFC 6962, section 2.1, defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + _defined(leaves[:half]) + _defined(leaves[half:])).digest()


def test_known_roots() -> None:
    """The roots that the test vectors of Certificate Transparency give for these leaves."""
    leaves = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
    leaves.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
    roots = [_tree(leaves[:count]).root().hex() for count in (0, 1, 2, 3, 8)]
    assert roots == [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]


@given(st.lists(st.binary(max_size=4), max_size=40), st.lists(st.tuples(st.integers(0, 39), st.binary(max_size=4))))
def test_a_tree_that_grows_and_changes_is_the_tree_of_its_leaves(
    leaves: list[bytes], changes: list[tuple[int, bytes]]
) -> None:
    """However it came about, with roots asked for in between, its root is the defined one and every leaf proves."""
    tree, now = Tree(), []
    for data in leaves:
        tree.put(len(tree), data)
        now.append(data)
        assert tree.root() == _defined(now)
    for index, data in changes:
        if index < len(now):
            tree.put(index, data)
            now[index] = data
    root = tree.root()
    assert root == _defined(now)
    assert all(climb(leaf_hash(data), tree.path(index)) == root for index, data in enumerate(now))


def test_an_odd_leaf_is_not_paired_with_itself() -> None:
    """Three leaves and the same with the last one twice have different roots (CVE-2012-2459)."""
    assert _tree([b"a", b"b", b"c"]).root() != _tree([b"a", b"b", b"c", b"c"]).root()


@pytest.mark.parametrize("forged", [b"\x00", b"\x01", b""])
def test_a_node_is_no_leaf(forged: bytes) -> None:
    """What is hashed for a node can never pass for a leaf."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(forged + left + right) != merkle.node_hash(left, right)

"""The Merkle tree of RFC 6962 (section 2.1): leaf and node hashes never meet, an odd node is carried up as it is.

A tree whose odd node is paired with itself has the same root for different leaves (CVE-2012-2459); this one has not.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

LEAF, NODE = b"\x00", b"\x01"
EMPTY = hashlib.sha256(b"").digest()


class Step(NamedTuple):
    """One step on the way up: the hash beside ours, and whether it stands on the left."""

    left: bool
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two hashes."""
    return hashlib.sha256(NODE + left + right).digest()


def climb(leaf: bytes, path: Iterable[Step]) -> bytes:
    """Return the root that a leaf's hash leads to."""
    found = leaf
    for step in path:
        found = node_hash(step.hash, found) if step.left else node_hash(found, step.hash)
    return found


class Tree:
    """A tree that grows at its end and whose leaves may be replaced; 64 bytes of hashes for each leaf."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._levels[0])

    def put(self, index: int, data: bytes) -> None:
        """Set the leaf at ``index``; at the length of the tree it is a new one."""
        leaves = self._levels[0]
        if index == len(leaves):
            leaves.append(leaf_hash(data))
        else:
            leaves[index] = leaf_hash(data)
        self._changed.add(index)

    def root(self) -> bytes:
        """Return the root; only what stands above leaves set since the last call is hashed again."""
        level, changed = 0, self._changed
        while len(self._levels[level]) > 1:
            changed = {index // 2 for index in changed}
            level += 1
            self._rehash(level, changed)
        self._changed = set()
        return self._levels[level][0] if self._levels[level] else EMPTY

    def path(self, index: int) -> list[Step]:
        """Return the way from a leaf up to the root, which has been computed before."""
        steps = []
        for nodes in self._levels[:-1]:
            beside = index ^ 1
            if beside < len(nodes):
                steps.append(Step(beside < index, nodes[beside]))
            index //= 2
        return steps

    def _rehash(self, level: int, changed: Iterable[int]) -> None:
        if level == len(self._levels):
            self._levels.append([])
        below, nodes = self._levels[level - 1], self._levels[level]
        nodes.extend([EMPTY] * ((len(below) + 1) // 2 - len(nodes)))
        for index in changed:
            pair = below[2 * index : 2 * index + 2]
            nodes[index] = node_hash(*pair) if len(pair) == 2 else pair[0]

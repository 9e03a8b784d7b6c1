"""Seals: at one moment, the ends of all chains under one hash that can be published, printed and kept elsewhere.

The leaves of a seal's Merkle tree are the last lines of all tracked accounts, in the order in which the accounts were
first sealed (within one seal, by id): so a leaf keeps its place for ever. Only leaves that have moved are stored.
Which lines a seal covers is decided by one snapshot, never by time: a slow commit may carry an earlier ``recorded_at``.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Connection, Row, Select, Table, and_, func, insert, select

from timebank import clock
from timebank.database import is_sqlite, session
from timebank.ledger import chain
from timebank.ledger.chain import LeafRow, SealRow
from timebank.ledger.errors import LedgerDiffersFromSeal, NotSealedYet
from timebank.ledger.merkle import Step, Tree
from timebank.ledger.models import Seal, SealLeaf
from timebank.ledger.queries import account, entry, head_seq, transfer
from timebank.ledger.rules import wallet_of

seal = cast("Table", Seal.__table__)
seal_leaf = cast("Table", SealLeaf.__table__)

ADVISORY_LOCK = 0x5EA1
"""Two sealings wait for each other on PostgreSQL; SQLite has one writer anyway."""
AT_ONCE = 2_000

_last_leaf, _first_leaf, _leaf = (seal_leaf.alias(name) for name in ("last_leaf", "first_leaf", "leaf"))
_first_n = select(func.min(_first_leaf.c.n)).where(_first_leaf.c.account_id == account.c.id).scalar_subquery()
_last_n = select(func.max(_leaf.c.n)).where(_leaf.c.account_id == account.c.id).scalar_subquery()

_LAST_SEAL = select(seal).order_by(seal.c.n.desc()).limit(1)

_HEADS = (
    select(
        account.c.id,
        entry.c.seq,
        entry.c.hash,
        _last_leaf.c.seq.label("sealed_seq"),
        _last_leaf.c.head.label("sealed_head"),
        _first_n.label("first_n"),
        select(func.count()).select_from(transfer).scalar_subquery().label("transfers"),
    )
    .select_from(
        account.join(entry, and_(entry.c.account_id == account.c.id, entry.c.seq == head_seq(account.c.id))).outerjoin(
            _last_leaf, and_(_last_leaf.c.account_id == account.c.id, _last_leaf.c.n == _last_n)
        )
    )
    .where(account.c.tracked)
    .order_by(_first_n.asc().nulls_last(), account.c.id)
)
"""The ends of all chains beside what was last sealed of them: one statement, which is one snapshot."""


def leaves_at(n: int) -> Select[Any]:
    """Select the latest leaf of every account that seal ``n`` covers, in the order of its tree."""
    latest = (
        select(func.max(_leaf.c.n)).where(_leaf.c.account_id == seal_leaf.c.account_id, _leaf.c.n <= n)
    ).scalar_subquery()
    first = select(func.min(_leaf.c.n)).where(_leaf.c.account_id == seal_leaf.c.account_id).scalar_subquery()
    return select(seal_leaf).where(seal_leaf.c.n == latest).order_by(first, seal_leaf.c.account_id)


def published() -> Select[Seal]:
    """Select all seals, to page by ``Seal.n``."""
    return select(Seal)


def row_of(found: Seal) -> SealRow:
    """Return a seal as a plain value."""
    return SealRow._make(getattr(found, name) for name in SealRow._fields)


def last() -> SealRow | None:
    """Return the last seal."""
    found = session.connection().execute(_LAST_SEAL).one_or_none()
    return SealRow._make(found) if found else None


def make() -> SealRow:
    """Seal the ledger as it is, also if nothing has moved; return the new seal.

    Raises LedgerDiffersFromSeal if something that was sealed is gone or has changed.
    """
    connection = session.connection()
    if not is_sqlite():
        connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
    before = last()  # a new statement: it sees what the one before us has sealed
    found = _Found(before)
    with connection.execute(_HEADS, execution_options={"yield_per": AT_ONCE}) as heads:
        for head in heads:
            found.add(head)
    made = found.seal()
    connection.execute(insert(seal), made._asdict())
    _store(connection, found.moved)
    return made


def _store(connection: Connection, moved: list[LeafRow]) -> None:
    for start in range(0, len(moved), AT_ONCE):
        connection.execute(insert(seal_leaf), [leaf._asdict() for leaf in moved[start : start + AT_ONCE]])


class _Found:
    """What is to be sealed, as it is read."""

    def __init__(self, before: SealRow | None) -> None:
        self._before = before or SealRow(0, clock.now(), 0, 0, 0, chain.NO_HASH, chain.NO_HASH, chain.NO_HASH)
        self._tree = Tree()
        self._sealed = self._entries = self._transfers = 0
        self.moved: list[LeafRow] = []

    def add(self, head: Row[*tuple[Any, ...]]) -> None:
        """Take an account's last line in; raise LedgerDiffersFromSeal if it is not at or behind the sealed one."""
        if head.first_n is not None:
            self._sealed += 1
            same = (head.seq, head.hash) == (head.sealed_seq, head.sealed_head)
            if not same and head.seq <= head.sealed_seq:
                raise LedgerDiffersFromSeal(n=self._before.n)
        if head.first_n is None or head.seq > head.sealed_seq:
            self.moved.append(LeafRow(self._before.n + 1, head.id, head.seq, head.hash))
        self._entries += head.seq
        self._transfers = head.transfers
        self._tree.put(len(self._tree), chain.seal_leaf(head.id, head.seq, head.hash))

    def seal(self) -> SealRow:
        """Return the seal over everything taken in; raise LedgerDiffersFromSeal if something is missing."""
        before = self._before
        if self._sealed < before.accounts or self._transfers < before.transfers:
            raise LedgerDiffersFromSeal(n=before.n)
        made = SealRow(
            n=before.n + 1,
            at=max(clock.now(), before.at),
            accounts=len(self._tree),
            entries=self._entries,
            transfers=self._transfers,
            root=self._tree.root(),
            previous=before.hash,
            hash=chain.NO_HASH,
        )
        return made._replace(hash=chain.seal_hash(made))


class Proof(NamedTuple):
    """That the end of one account's chain is inside a seal: the leaf, and the way from it up to the seal's root."""

    seal: SealRow
    leaf: LeafRow
    path: list[Step]


def proof_of(owner_id: UUID) -> Proof:
    """Return the proof of a person's wallet in the last seal.

    Raises NotSealedYet, and LedgerDiffersFromSeal if the stored leaves do not lead to the seal's root.
    """
    newest = last()
    if newest is None:
        raise NotSealedYet
    tree, places = _tree_of(newest.n, newest.root)
    place = places.get(wallet_of(owner_id).id)
    if place is None:
        raise NotSealedYet
    return Proof(newest, place.leaf, tree.path(place.position))


class _Place(NamedTuple):
    position: int
    leaf: LeafRow


@lru_cache(maxsize=1)
def _tree_of(n: int, root: bytes) -> tuple[Tree, dict[UUID, _Place]]:
    """Return the tree of a seal and everybody's place in it; a seal never changes, so it is built once."""
    tree, places = grown(map(LeafRow._make, session.connection().execute(leaves_at(n))))
    if tree.root() != root:
        raise LedgerDiffersFromSeal(n=n)
    return tree, places


def grown(leaves: Iterable[LeafRow]) -> tuple[Tree, dict[UUID, _Place]]:
    """Return a tree of these leaves, in this order, and where each account stands in it."""
    tree, places = Tree(), {}
    for index, leaf in enumerate(leaves):
        tree.put(index, chain.seal_leaf(leaf.account_id, leaf.seq, leaf.head))
        places[leaf.account_id] = _Place(index, leaf)
    return tree, places

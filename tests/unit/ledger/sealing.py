"""Seals made in tests, and what they leave behind."""

from typing import Any

from sqlalchemy import select

from timebank.database import db, in_unit_of_work
from timebank.ledger import chain, seals
from timebank.ledger.chain import LeafRow, SealRow
from timebank.ledger.merkle import Tree


def sealed() -> SealRow:
    """Seal the ledger."""
    return in_unit_of_work(seals.make)


def rows_of(table: Any, *order: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a table as plain tuples."""
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(*order))]


def leaves_of(n: int) -> list[LeafRow]:
    """Return the leaves that are stored with a seal, by account."""
    rows = rows_of(seals.seal_leaf, seals.seal_leaf.c.account_id)
    return [leaf for leaf in map(LeafRow._make, rows) if leaf.n == n]


def root_of(leaves: list[LeafRow]) -> bytes:
    """Return the root over these leaves in this order."""
    tree = Tree()
    for leaf in leaves:
        tree.put(len(tree), chain.seal_leaf(leaf.account_id, leaf.seq, leaf.head))
    return tree.root()

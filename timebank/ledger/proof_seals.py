"""Last pass of the proof: seals along their chain, each with its leaves, its tree and what it counts.

Memory grows with the number of accounts (the tree) and of seals (their counts), not with entries.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select

from timebank.ledger import chain
from timebank.ledger.chain import NO_HASH, LeafRow, SealRow
from timebank.ledger.merkle import Tree
from timebank.ledger.queries import entry
from timebank.ledger.raw import Form, raw
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import SYSTEM_ACCOUNTS
from timebank.ledger.seals import seal, seal_leaf

SEALS = select(seal, raw([seal.c.at])[0].label("kept_at")).order_by(seal.c.n)
"""Seals, each with its instant once more: read as it is kept, it cannot be in another form."""

LEAVES = (
    select(*seal_leaf.c, entry.c.hash.label("found"))
    .select_from(
        seal_leaf.outerjoin(entry, and_(entry.c.account_id == seal_leaf.c.account_id, entry.c.seq == seal_leaf.c.seq))
    )
    .order_by(seal_leaf.c.n, seal_leaf.c.account_id)
)
"""Leaves with what stands at their place in the account's chain now."""

LEAVES_BY_ACCOUNT = select(*raw([seal_leaf.c.account_id, seal_leaf.c.seq, seal_leaf.c.n])).order_by(
    seal_leaf.c.account_id, seal_leaf.c.n
)

_LEAF_WIDTH, _SEAL_WIDTH = len(LeafRow._fields), len(SealRow._fields)


class Tally:
    """How many transfers each seal after ``since`` is the first to cover, counted while the entries run by."""

    def __init__(self, since: int) -> None:
        self.since = since
        self.transfers: Counter[int] = Counter()
        self.unsealed_entries = 0
        self.complete = False


class Sealed:
    """Runs beside the entries, both in the order of account and ``seq``; counts each transfer once."""

    def __init__(self, tally: Tally, form: Form, leaves: Iterator[Any]) -> None:
        self._tally = tally
        self._untracked = frozenset(form.kept(one.id) for one in SYSTEM_ACCOUNTS)
        self._leaves = leaves
        self._leaf: Any = next(leaves, None)
        self._n: int | None = None
        self._until: tuple[Any, float] | None = None

    def count(self, row: Any) -> None:
        """Count an entry (a row of ``proof_entries.ENTRIES``), and its transfer if it is the side to count it by."""
        if self._until is None or row[0] != self._until[0] or row[1] > self._until[1]:
            self._go_to(row[0], row[1])
        if self._n is None:
            self._tally.unsealed_entries += 1
        elif row[2] is not None and row[0] == (row[10] if row[9] in self._untracked else row[9]):
            self._tally.transfers[self._n] += 1  # by the giver if it is tracked

    def _go_to(self, account_id: Any, seq: int) -> None:
        while self._leaf is not None and self._leaf[:2] < (account_id, seq):
            self._leaf = next(self._leaves, None)
        if self._leaf is not None and self._leaf[0] == account_id:
            self._until, self._n = self._leaf[:2], self._leaf[2]
        else:
            self._until, self._n = (account_id, inf), None


def check_seals(
    report: Report,
    tally: Tally,
    anchors: Sequence[SealRow],
    seals: Iterator[Row[Any]],
    leaves: Iterator[Row[Any]],
) -> None:
    """Check every seal, every sealed line against its chain, and every published seal against the ledger's."""
    covered = _Covered(report, leaves)
    awaited = {anchor.n: anchor.hash for anchor in anchors}
    before = SealRow(0, None, 0, 0, 0, NO_HASH, NO_HASH, NO_HASH)  # type: ignore[arg-type]
    for row in seals:
        found = SealRow._make(row[:_SEAL_WIDTH])
        covered.take(found.n)
        faults = [*_chain_faults(found, before), *_leaf_faults(found, covered), *_count_faults(found, before, tally)]
        if awaited.pop(found.n, found.hash) != found.hash:
            faults.append(Fault.ANCHOR)
        for fault in faults:
            report.found(fault, f"ledger_seal {found.n}")
        before = found
        report.seals += 1
        report.last_seal = f"{found.n} {found.hash.hex()}"
    covered.take(None)
    report.unsealed_entries = tally.unsealed_entries
    for n in sorted(awaited):
        report.found(Fault.ANCHOR, f"ledger_seal {n}")


class _Covered:
    """The tree as it stood at one seal after the other."""

    def __init__(self, report: Report, leaves: Iterator[Row[Any]]) -> None:
        self.tree = Tree()
        self.entries = 0
        self._report = report
        self._places: dict[UUID, tuple[int, int]] = {}
        self._groups = groupby(leaves, key=lambda row: row.n)
        self._next = next(self._groups, None)

    def take(self, n: int | None) -> None:
        """Take in the leaves of seal ``n``; those of seals before it, or all with None, have no seal."""
        while self._next is not None and (n is None or self._next[0] <= n):
            for row in self._next[1]:
                self._put(row)
                if row.n != n:
                    self._report.found(Fault.SEAL_LEAVES, _name(row))
            self._next = next(self._groups, None)

    def _put(self, row: Row[Any]) -> None:
        leaf = LeafRow._make(row[:_LEAF_WIDTH])
        index, seq = self._places.get(leaf.account_id, (len(self.tree), 0))
        if leaf.head != row.found:
            self._report.found(Fault.SEAL_HEAD, _name(row))
        if leaf.seq <= seq:
            self._report.found(Fault.SEAL_LEAVES, _name(row))
        self.entries += leaf.seq - seq
        self._places[leaf.account_id] = (index, leaf.seq)
        self.tree.put(index, chain.seal_leaf(leaf.account_id, leaf.seq, leaf.head))


def _name(row: Row[Any]) -> str:
    return f"ledger_seal_leaf {row.n}/{row.account_id}"


def _chain_faults(found: SealRow, before: SealRow) -> Iterator[Fault]:
    if (found.n, found.previous) != (before.n + 1, before.hash) or (before.n and found.at < before.at):
        yield Fault.SEAL_CHAIN
    if found.hash != _recomputed(found):
        yield Fault.SEAL_HASH


def _leaf_faults(found: SealRow, covered: _Covered) -> Iterator[Fault]:
    if (found.accounts, found.entries, found.root) != (len(covered.tree), covered.entries, covered.tree.root()):
        yield Fault.SEAL_LEAVES


def _count_faults(found: SealRow, before: SealRow, tally: Tally) -> Iterator[Fault]:
    known = tally.complete and found.n > tally.since
    miscounted = known and found.transfers != before.transfers + tally.transfers[found.n]
    if miscounted or any(now < then for now, then in zip(found[2:5], before[2:5], strict=True)):
        yield Fault.SEAL_COUNTS


def _recomputed(found: SealRow) -> bytes | None:
    try:
        return chain.seal_hash(found)
    except ValueError:
        return None

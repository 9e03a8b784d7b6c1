"""Who goes on after a merger: what a closed account has given or got is answered from the account that it went into.

The merger itself says so: the last transfer of a closed wallet, or of the debt beside it, before its closing line. Of an
empty wallet nothing moved, so nothing in the ledger says who went on, and it stays closed for this as well.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, select

from timebank.ledger.accounts import Locked, Move, lock_known
from timebank.ledger.queries import account, entry, head_seq, transfer
from timebank.ledger.rules import SHORTFALL, AccountKind, Kind, debt_of, wallet_of

_giver, _receiver = account.alias("giver"), account.alias("receiver")

_MERGED_INTO = (
    select(_giver.c.owner_id.label("old"), _receiver.c.owner_id.label("new"))
    .select_from(
        _giver.join(entry, and_(entry.c.account_id == _giver.c.id, entry.c.seq == head_seq(_giver.c.id) - 1))
        .join(transfer, and_(transfer.c.id == entry.c.transfer_id, transfer.c.debit_id == _giver.c.id))
        .join(_receiver, _receiver.c.id == transfer.c.credit_id)
    )
    .where(_giver.c.id.in_(bindparam("accounts", expanding=True)), transfer.c.kind == int(Kind.MERGE))
)

_SIDES = select(transfer.c.debit_id, transfer.c.credit_id).where(transfer.c.id == bindparam("transfer"))


def lock_heirs(connection: Connection, move: Move, locked: dict[UUID, Locked]) -> list[Move]:
    """Return a move as it was, then with the sides that it has had after each merger; the last is who answers now.

    Adds the accounts that went on to ``locked``. Costs nothing while no side is closed. If a side is still closed in
    the last one, nobody answers for it: it was empty when it was merged, or giver and receiver became one.
    """
    stages = [move]
    while following := _following(connection, stages[-1], locked):
        stages.append(following)
    return stages


def _following(connection: Connection, move: Move, locked: dict[UUID, Locked]) -> Move | None:
    closed = [locked[side].account for side in _tracked(move, locked) if locked[side].closed_at is not None]
    owners = [one.owner_id for one in closed if one.kind is AccountKind.WALLET]
    if not owners:
        return None
    accounts = [of(owner_id).id for owner_id in owners for of in (wallet_of, debt_of)]
    rows = connection.execute(_MERGED_INTO, {"accounts": accounts})
    heirs = {wallet_of(row.old).id: wallet_of(row.new) for row in rows}
    locked |= lock_known(connection, heirs.values())
    sides = [heirs[side].id if side in heirs else side for side in (move.debit_id, move.credit_id)]
    if not heirs or sides[0] == sides[1]:
        return None
    return move._replace(debit_id=sides[0], credit_id=sides[1])


def _tracked(move: Move, locked: dict[UUID, Locked]) -> Iterator[UUID]:
    return (side for side in (move.debit_id, move.credit_id) if side in locked)


def is_closed(move: Move, locked: dict[UUID, Locked]) -> bool:
    """Return whether a side of a move takes no posting any more."""
    return any(locked[side].closed_at is not None for side in _tracked(move, locked))


def stage_of(
    connection: Connection, transfer_id: UUID, stages: Iterable[Move], locked: dict[UUID, Locked]
) -> Move | None:
    """Return the stage that a stored answer (``transfer_id``) was posted at: a replay repeats it, whoever merged since."""
    sides = set(connection.execute(_SIDES, {"transfer": transfer_id}).one())
    for stage in stages:
        owed = {SHORTFALL.id, debt_of(locked[stage.credit_id].account.owner_id).id} if stage.credit_id in locked else {}
        if sides in ({stage.debit_id, stage.credit_id}, owed):
            return stage
    return None

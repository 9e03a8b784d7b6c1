"""Pass of the proof over minutes that have expired: no run took more than was due by its cut-off (rule R25).

First in, first out: due at a line of a chain is what came in until the cut-off less all that went out until that line,
which is the balance before it less what came in after the cut-off. The cut-off is the transfer's ``occurred_at``. Where
somebody was merged into the wallet after the cut-off, the lines of both say how old the minutes are.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from timebank.ledger.ages import ages
from timebank.ledger.queries import entry, transfer
from timebank.ledger.raw import Form, name_of, raw
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import INFLOWS, Kind

_run = transfer.alias("run")

EXPIRIES = (
    select(
        *raw([entry.c.account_id]),
        *(entry.c.seq, entry.c.minutes, entry.c.balance_after),
        *raw([entry.c.recorded_at, entry.c.transfer_id]),
        transfer.c.kind,
        *raw([transfer.c.occurred_at]),
    )
    .select_from(entry.join(transfer, transfer.c.id == entry.c.transfer_id))
    .where(
        entry.c.account_id.in_(select(_run.c.debit_id).where(_run.c.kind == int(Kind.EXPIRE))),
        transfer.c.kind.in_([int(kind) for kind in sorted(INFLOWS | {Kind.EXPIRE})]),
    )
    .order_by(entry.c.account_id, entry.c.seq)
)
"""What came in of new age, and what expired, in the wallets of people of whom something ever has."""


_EXPIRY = select(transfer.c.debit_id, transfer.c.minutes, transfer.c.occurred_at).where(
    transfer.c.id == bindparam("transfer")
)


def check_expiries(report: Report, form: Form, connection: Connection, rows: Iterator[Any]) -> None:
    """Check that no expiry took minutes that came in after its cut-off; memory grows with the lines of one wallet."""
    after_mergers = []
    for _, lines in groupby(rows, key=lambda row: row[0]):
        instants: list[int] = []
        merged_at = 0
        inflows = [0]  # up to each of these instants, in all
        for _, _, minutes, balance_after, recorded_at, transfer_id, kind, occurred_at in lines:
            at = form.instant_of(recorded_at)
            if kind != Kind.EXPIRE:
                instants.append(at)
                inflows.append(inflows[-1] + max(minutes, 0))
                merged_at = at if kind == Kind.MERGE and minutes > 0 else merged_at
                continue
            cut_off = form.instant_of(occurred_at)
            newer = inflows[-1] - inflows[bisect_right(instants, cut_off)]
            if cut_off <= at and merged_at > cut_off:
                after_mergers.append(form.id_of(transfer_id))
            elif cut_off > at or balance_after < newer:
                report.found(Fault.TRANSFER_EXPIRES, f"ledger_transfer {name_of(form.id_of(transfer_id))}")
    for name in after_mergers:
        taken = connection.execute(_EXPIRY, {"transfer": UUID(bytes=name)}).one()
        if taken.minutes > ages(connection, taken.debit_id, taken.occurred_at, until=UUID(bytes=name)).old:
            report.found(Fault.TRANSFER_EXPIRES, f"ledger_transfer {name_of(name)}")

"""Stock: lots are locked, read again, and moved; the rows of one transaction are written in one statement.

A lot's moves are written under its lock only. The first thing that a new move on a lot brings along are the releases
of reservations that are due: a sweep that never ran changes nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, select, update

from timebank.database import NIL, UtcDateTime, session
from timebank.direct import Direct
from timebank.shop.intake.errors import LotRecalled
from timebank.shop.models import Lot, StockMove
from timebank.shop.rules import Level, MoveKind, OpenReserve, Pick
from timebank.shop.stock import levels
from timebank.shop.stockkeeping.errors import CountBelowReserved, ExpiredNotSent, LotShort, RecalledNotSent
from timebank.together import Together


class Shelf:
    """Locked lots of one site, and the moves on them that are still to be written."""

    def __init__(self, *, site_id: UUID | None, now: datetime, actor_id: UUID) -> None:
        """Start with no lot; ``open`` locks them. Without a site the lots may be of several."""
        self.site_id = site_id
        self.now = now
        self._actor_id = actor_id
        self._levels: dict[UUID, Level] = {}
        self._rows: list[dict[str, Any]] = []

    @property
    def levels(self) -> list[Level]:
        """What the locked lots hold, all moves noted so far included."""
        return list(self._levels.values())

    def open(self, lots: Select[UUID]) -> None:
        """Lock lots in the order of their ids, read those that are locked, and note the releases that are due on them."""
        locking = select(Lot.id).where(Lot.id.in_(lots)).order_by(Lot.id).with_for_update(key_share=True)
        self._start(levels.held_by(list(session.scalars(locking)), self.now).values())

    def open_good(self, goods_ids: Collection[UUID], *, good_at: datetime) -> None:
        """Do the same with the lots of the goods at this shelf's site that are good at that moment and not empty."""
        self._start(levels.lock_good(goods_ids, self.site_id, good_at=good_at, now=self.now))

    def open_picked(self, redemption_id: UUID) -> tuple[list[OpenReserve], int]:
        """Do the same with the lots of a redemption; return what is still reserved for it, and how many picks there were."""
        held, reserves, picked = levels.lock_picked(redemption_id, now=self.now)
        self._start(held)
        return reserves, picked

    def _start(self, held: Iterable[Level]) -> None:
        self._levels = {level.lot_id: level for level in held}
        overdue = [level.lot_id for level in self._levels.values() if level.due]
        if overdue:
            for reserve in levels.due_reserves(overdue, self.now):
                self.release(reserve, actor_id=NIL)

    def is_recalled(self, lot_id: UUID) -> bool:
        """Whether a locked lot is recalled."""
        return self._levels[lot_id].recalled

    def take_in(self, *, lot: Level, quantity: int) -> None:
        """Note the first move of a new lot."""
        self._levels[lot.lot_id] = lot
        self._note(lot.lot_id, MoveKind.INTAKE, quantity=quantity)

    def reserve(self, picks: Sequence[Pick], *, redemption_id: UUID) -> None:
        """Note that picked pieces are promised."""
        for pick in picks:
            self._note(
                pick.lot_id, MoveKind.RESERVE, reserved=pick.quantity, redemption_id=redemption_id, line_no=pick.line_no
            )

    def sell(self, picks: Sequence[Pick], *, redemption_id: UUID) -> None:
        """Note that picked pieces leave at once, without a reservation."""
        for pick in picks:
            self._note(
                pick.lot_id,
                MoveKind.HAND_OVER,
                quantity=-pick.quantity,
                redemption_id=redemption_id,
                line_no=pick.line_no,
            )

    def hand_over(self, reserve: OpenReserve, quantity: int) -> None:
        """Note that ``quantity`` reserved pieces leave; the rest of that reservation is released in the same row.

        Raises LotRecalled: pieces that were promised before a recall stay where they are (rule R34).
        """
        if quantity == 0:
            self.release(reserve)
            return
        if self.is_recalled(reserve.lot_id):
            raise LotRecalled(goods_id=self._levels[reserve.lot_id].goods_id, lot_id=reserve.lot_id)
        self._note(
            reserve.lot_id,
            MoveKind.HAND_OVER,
            quantity=-quantity,
            reserved=-reserve.reserved,
            redemption_id=reserve.redemption_id,
            line_no=reserve.line_no,
            resolves=reserve.seq,
        )

    def release(self, reserve: OpenReserve, *, actor_id: UUID | None = None) -> None:
        """Note that promised pieces go back on the shelf."""
        self._note(
            reserve.lot_id,
            MoveKind.RELEASE,
            reserved=-reserve.reserved,
            redemption_id=reserve.redemption_id,
            line_no=reserve.line_no,
            resolves=reserve.seq,
            actor_id=actor_id,
        )

    def take_back(self, lot_id: UUID, quantity: int, *, redemption_id: UUID, line_no: int) -> None:
        """Note that pieces which had left are on the shelf again."""
        self._note(lot_id, MoveKind.RETURN, quantity=quantity, redemption_id=redemption_id, line_no=line_no)

    def send(self, lot_id: UUID, quantity: int, *, cause_id: UUID) -> None:
        """Note that free pieces leave for another site.

        Raises LotShort, ExpiredNotSent (rule R33), RecalledNotSent (rule R34).
        """
        if not self._levels[lot_id].good_at(self.now):
            raise ExpiredNotSent(lot_id=lot_id)
        if self.is_recalled(lot_id):
            raise RecalledNotSent(lot_id=lot_id)
        self._refuse_short(lot_id, quantity)
        self._note(lot_id, MoveKind.TRANSFER, quantity=-quantity, cause_id=cause_id)

    def receive(self, *, lot: Level, quantity: int, cause_id: UUID) -> None:
        """Note the first move of a lot that came from another site."""
        self._levels[lot.lot_id] = lot
        self._note(lot.lot_id, MoveKind.TRANSFER, quantity=quantity, cause_id=cause_id)

    def call_back(self, lot_id: UUID, quantity: int, *, cause_id: UUID) -> None:
        """Note that pieces which were sent are here again; an expired lot takes them, and gives none."""
        self._note(lot_id, MoveKind.TRANSFER, quantity=quantity, cause_id=cause_id)

    def correct(self, lot_id: UUID, difference: int, *, cause_id: UUID) -> None:
        """Note that there are so many pieces more or less than the books say. Raises CountBelowReserved.

        What is missing of an expired lot is a write-off: such a lot leaves by nothing else (rule R33).
        """
        level = self._levels[lot_id]
        if level.on_hand + difference < level.reserved:
            raise CountBelowReserved(
                lot_id=lot_id, on_hand=level.on_hand, reserved=level.reserved, difference=difference
            )
        expired = difference < 0 and not level.good_at(self.now)
        kind = MoveKind.WRITE_OFF if expired else MoveKind.COUNT_DIFFERENCE
        self._note(lot_id, kind, quantity=difference, cause_id=cause_id)

    def write_off(self, lot_id: UUID, quantity: int, *, cause_id: UUID) -> None:
        """Note that free pieces leave for good without being handed out. Raises LotShort."""
        self._refuse_short(lot_id, quantity)
        self._note(lot_id, MoveKind.WRITE_OFF, quantity=-quantity, cause_id=cause_id)

    def _refuse_short(self, lot_id: UUID, wanted: int) -> None:
        free = self._levels[lot_id].available
        if wanted > free:
            raise LotShort(lot_id=lot_id, quantity=wanted, free=free)

    def _note(
        self,
        lot_id: UUID,
        kind: MoveKind,
        *,
        quantity: int = 0,
        reserved: int = 0,
        redemption_id: UUID | None = None,
        line_no: int | None = None,
        resolves: int | None = None,
        actor_id: UUID | None = None,
        cause_id: UUID | None = None,
    ) -> None:
        before = self._levels[lot_id]
        # What was due has been released by the first moves of this shelf, so nothing of it is counted any more.
        after = replace(
            before,
            seq=before.seq + 1,
            on_hand=before.on_hand + quantity,
            reserved=before.reserved + reserved,
            due=0,
        )
        self._levels[lot_id] = after
        self._rows.append(
            {
                "lot_id": lot_id,
                "seq": after.seq,
                "kind": kind,
                "quantity": quantity,
                "reserved": reserved,
                "on_hand_after": after.on_hand,
                "reserved_after": after.reserved,
                "redemption_id": redemption_id,
                "line_no": line_no,
                "resolves": resolves,
                "actor_id": actor_id or self._actor_id,
                "moved_at": self.now,
                "cause_id": cause_id,
            }
        )

    def write(self) -> None:
        """Write what was noted, in one statement, and mark the lots that are empty now, or no longer."""
        if self._rows:
            writes = Together(session.connection())
            self.write_with(writes)
            writes.send()

    def write_with(self, writes: Together) -> None:
        """Do the same with what else is written."""
        if not self._rows:
            return
        writes.add(_INSERT_MOVES, *self._rows)
        moved = {row["lot_id"] for row in self._rows if row["quantity"]}
        emptied = {lot_id for lot_id in moved if not self._levels[lot_id].on_hand}
        refilled = {row["lot_id"] for row in self._rows if row["quantity"] > 0 and row["seq"] > 1} - emptied
        for lots, mark in ((emptied, self.now), (refilled, None)):
            if lots:
                writes.add(_MARK_LOTS, {"lots": list(lots), "mark": mark})
        self._rows = []


_INSERT_MOVES = Direct(insert(StockMove))
_MARK_LOTS = Direct(
    update(Lot)
    .where(Lot.id.in_(bindparam("lots", expanding=True)))
    .values(emptied_at=bindparam("mark", type_=UtcDateTime()))
)

"""Tables of free quotas: who is entitled, what moved, and what each line cost. Whoever reads them knows who is in need.

Moves are append-only, one chain for each entitlement and period, and each says what is left after it: the same shape as
the moves of a lot. A chain is written under the lock of its entitlement only.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base, one_of
from timebank.policies.free_quotas import QuotaUnit
from timebank.shop.allowance.quota_rules import QuotaMoveKind


class Entitlement(Base):
    """That somebody has a free quota of a kind at the shops of an organisation, and why. Its size is the policy's."""

    __tablename__ = "free_quota_entitlement"
    __table_args__ = (
        CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL)", name="ended"
        ),
        Index(
            "uq_free_quota_entitlement_live",
            "person_id",
            "organisation_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_free_quota_entitlement_organisation_id", "organisation_id", "granted_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    organisation_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(500))
    until_on: Mapped[date | None] = mapped_column(Date)
    granted_by: Mapped[UUID]
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    end_reason: Mapped[str | None] = mapped_column(String(500))


class QuotaMove(Base):
    """One move of a quota: what it does to what is left (``amount``) and to what is held.

    ``open`` begins a period with the size that the policy gave then. A ``hold`` is resolved once, by a ``capture`` (the
    rest comes back in the same row) or a ``release``; ``spend`` takes at once, at the counter; ``refund`` gives back.
    """

    __tablename__ = "free_quota_move"
    __table_args__ = (
        UniqueConstraint(
            "entitlement_id",
            "period_on",
            "resolves",
            name="uq_free_quota_move_entitlement_id_period_on_resolves",
        ),
        ForeignKeyConstraint(
            ["entitlement_id", "period_on", "resolves"],
            ["free_quota_move.entitlement_id", "free_quota_move.period_on", "free_quota_move.seq"],
            name="fk_free_quota_move_entitlement_id_period_on_resolves",
        ),
        one_of("kind", QuotaMoveKind),
        one_of("unit", QuotaUnit),
        CheckConstraint("balance_after >= 0", name="balance_after"),
        CheckConstraint("held_after >= 0", name="held_after"),
        CheckConstraint("(kind = 'open') = (seq = 1)", name="open"),
        CheckConstraint("kind NOT IN ('open', 'refund') OR (amount > 0 AND held = 0)", name="credit"),
        CheckConstraint("kind <> 'hold' OR (amount < 0 AND held = -amount)", name="hold"),
        CheckConstraint("kind <> 'release' OR (amount > 0 AND held = -amount)", name="release"),
        CheckConstraint("kind <> 'capture' OR (held < 0 AND amount >= 0 AND amount <= -held)", name="capture"),
        CheckConstraint("kind <> 'spend' OR (amount < 0 AND held = 0)", name="spend"),
        CheckConstraint("(resolves IS NOT NULL) = (held < 0)", name="resolves"),
        CheckConstraint("(kind = 'open') = (redemption_id IS NULL)", name="redemption"),
        CheckConstraint("(kind = 'refund') = (refund_id IS NOT NULL)", name="refund"),
        Index("ix_free_quota_move_redemption_id", "redemption_id"),
        WITHOUT_ROWID,
    )

    entitlement_id: Mapped[UUID] = mapped_column(ForeignKey("free_quota_entitlement.id"), primary_key=True)
    period_on: Mapped[date] = mapped_column(Date, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(10))
    unit: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int]
    held: Mapped[int]
    balance_after: Mapped[int]
    held_after: Mapped[int]
    redemption_id: Mapped[UUID | None] = mapped_column(ForeignKey("redemption.id"))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop_refund.id"))
    resolves: Mapped[int | None]
    actor_id: Mapped[UUID]
    moved_at: Mapped[datetime]


class QuotaLine(Base):
    """What a piece of a line cost of a free quota, instead of minutes."""

    __tablename__ = "free_quota_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["redemption_id", "line_no"], ["redemption_line.redemption_id", "redemption_line.line_no"]
        ),
        CheckConstraint("price >= 0", name="price"),
        WITHOUT_ROWID,
    )

    redemption_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    price: Mapped[int]


# Under the entitlement's lock nobody else writes; if two ever do, the second look finds the first one's move.
retry_on("pk_free_quota_move")

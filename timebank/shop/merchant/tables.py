"""Tables of merchants (商家): whose they are, under which agreement they supply, and what was settled each month.

All but ``merchant`` itself, which keeps whom to call, are append-only.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base


class Merchant(Base):
    """A firm that supplies goods or benefits. Its counters and clerks are those of ``organisation_id``.

    ``host_id`` is the organisation that it has an agreement with; only that one's people read agreements and statements.
    The contact is personal data: it stands here, where it can be changed and removed.
    """

    __tablename__ = "merchant"
    __table_args__ = (UniqueConstraint("organisation_id"), CheckConstraint("organisation_id <> host_id", name="host"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    host_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    contact_name: Mapped[str | None] = mapped_column(String(60))
    contact_phone: Mapped[str | None] = mapped_column(String(30))
    registered_at: Mapped[datetime]
    registered_by: Mapped[UUID]


class MerchantAgreement(Base):
    """A period in which a merchant supplies: both days belong to it. A renewed agreement is another row."""

    __tablename__ = "merchant_agreement"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="period"), WITHOUT_ROWID)

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reference: Mapped[str] = mapped_column(String(60))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    entered_at: Mapped[datetime]
    entered_by: Mapped[UUID]


class MerchantIntake(Base):
    """Which merchant an intake came from."""

    __tablename__ = "merchant_intake"
    __table_args__ = (WITHOUT_ROWID,)

    intake_id: Mapped[UUID] = mapped_column(ForeignKey("shop_intake.id"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"), index=True)


class MerchantSettlement(Base):
    """The statement of one month (``2026-09``) as it was frozen; ``sha256`` is that of its canonical JSON."""

    __tablename__ = "merchant_settlement"
    __table_args__ = (UniqueConstraint("merchant_id", "month"), WITHOUT_ROWID)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchant.id"))
    month: Mapped[str] = mapped_column(String(7))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    made_by: Mapped[UUID]


class SettlementConfirmation(Base):
    """That another person has looked at a statement and stands for it. Its key is the statement's: one is the first."""

    __tablename__ = "merchant_settlement_confirmation"
    __table_args__ = (WITHOUT_ROWID,)

    settlement_id: Mapped[UUID] = mapped_column(ForeignKey("merchant_settlement.id"), primary_key=True)
    confirmed_at: Mapped[datetime]
    confirmed_by: Mapped[UUID]

"""Tables of the devices of sites, and of the shops that clerks are bound to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base, one_of
from timebank.identity.device_rules import DeviceKind


class Device(Base):
    """A shop's tablet or a venue's screen. Without ``token_hash`` it can do nothing: revoked, or waiting for a new token."""

    __tablename__ = "identity_device"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        one_of("kind", DeviceKind),
        CheckConstraint("revoked_at IS NULL OR token_hash IS NULL", name="revoked"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[bytes | None]
    added_by: Mapped[UUID]
    enrolled_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    rolled_at: Mapped[datetime | None]
    rolled_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None]


class DeviceCode(Base):
    """A code that enrols one device once, by its keyed hash; with ``device_id`` it gives that device a new token."""

    __tablename__ = "identity_device_code"
    __table_args__ = (one_of("kind", DeviceKind),)

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(60))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_device.id"))
    made_by: Mapped[UUID]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class DeviceSession(Base):
    """A session that was opened on a device: it ends when the device is revoked."""

    __tablename__ = "identity_device_session"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("identity_session.id"), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("identity_device.id"), index=True)


class ClerkSite(Base):
    """A shop that a clerk is bound to: of that organisation's shops they work at those only."""

    __tablename__ = "identity_clerk_site"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), primary_key=True, index=True)
    organisation_id: Mapped[UUID]
    bound_by: Mapped[UUID]
    bound_at: Mapped[datetime]

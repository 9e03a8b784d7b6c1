"""Tables of people and of what they sign in with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base, one_of
from timebank.identity.rules import PersonState, Role


class Person(Base):
    """Someone who serves, or works for the bank. ``member_ref`` is what member codes name (random, never the id)."""

    __tablename__ = "identity_person"
    __table_args__ = (
        UniqueConstraint("volunteer_no"),
        UniqueConstraint("member_ref"),
        one_of("state", PersonState),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    volunteer_no: Mapped[str] = mapped_column(String(20))
    member_ref: Mapped[str] = mapped_column(String(8))
    display_name: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]


class WechatIdentity(Base):
    """An openid of one mini-program, and the person it signs in. WeChat's session_key is never stored."""

    __tablename__ = "identity_wechat"

    app_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    openid: Mapped[str] = mapped_column(String(128), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    bound_at: Mapped[datetime]


class Password(Base):
    """A staff member's user name and argon2 hash."""

    __tablename__ = "identity_password"
    __table_args__ = (UniqueConstraint("username"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]


class GrantedRole(Base):
    """A role held at one organisation or over an area subtree (path ``""``: the whole bank)."""

    __tablename__ = "identity_grant"
    __table_args__ = (
        one_of("role", (role for role in Role if role is not Role.VOLUNTEER)),
        CheckConstraint("(organisation_id IS NULL) <> (area_path IS NULL)", name="one_scope"),
        Index("ix_identity_grant_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    role: Mapped[str] = mapped_column(String(12))
    organisation_id: Mapped[UUID | None]
    area_path: Mapped[str | None] = mapped_column(String(60))
    granted_at: Mapped[datetime]


class SignedInSession(Base):
    """One sign-in and all refresh tokens that descend from it."""

    __tablename__ = "identity_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    opened_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A refresh token, by its hash. It is good once; a second use means that it was stolen."""

    __tablename__ = "identity_refresh_token"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("identity_session.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class FailedSignIn(Base):
    """A wrong password, kept without user name or address: only a keyed hash of both together."""

    __tablename__ = "identity_failed_sign_in"
    __table_args__ = (Index("ix_identity_failed_sign_in_guess_failed_at", "guess", "failed_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    guess: Mapped[bytes]
    failed_at: Mapped[datetime]

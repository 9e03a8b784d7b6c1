"""Tables of people and of what they sign in with."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.database import Base, one_of
from timebank.identity.rules import OPEN_RELATION, Kinship, PersonState, Purpose, RelationState, Role, Via

_OPEN_RELATION = text(f"state IN ({', '.join(repr(str(state)) for state in OPEN_RELATION)})")


class Person(Base):
    """Someone who serves, or works for the bank. ``member_ref`` is what member codes name (random, never the id).

    ``birth_on`` is theirs or staff's word (rule R04, R38), and ``birth_entered_by`` whose; unknown, they count as grown up.
    """

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
    birth_on: Mapped[date | None]
    birth_entered_by: Mapped[UUID | None]


class WechatIdentity(Base):
    """An openid of one mini-program, and the person it signs in. WeChat's session_key is never stored."""

    __tablename__ = "identity_wechat"

    app_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    openid: Mapped[str] = mapped_column(String(128), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    bound_at: Mapped[datetime]


class Password(Base):
    """A staff member's user name and argon2 hash; whether they may sign in with it, and with which second factor.

    ``must_change`` until they have replaced a temporary password. ``totp_secret`` is encrypted, and counts once
    ``totp_confirmed_at`` says that their phone has shown a good code; ``totp_step`` is the step of the last one used.
    """

    __tablename__ = "identity_password"
    __table_args__ = (UniqueConstraint("username"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]
    must_change: Mapped[bool] = mapped_column(default=False, server_default=false())
    disabled_at: Mapped[datetime | None]
    disabled_by: Mapped[UUID | None]
    totp_secret: Mapped[bytes | None]
    totp_confirmed_at: Mapped[datetime | None]
    totp_step: Mapped[int | None]


class RecoveryCode(Base):
    """A code that stands in for a lost phone, once; only its hash is kept."""

    __tablename__ = "identity_recovery_code"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    used_at: Mapped[datetime | None]


class GrantedRole(Base):
    """A role held at one organisation or over an area subtree (path ``""``: the whole bank), unless it is suspended."""

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
    granted_by: Mapped[UUID | None]
    suspended_at: Mapped[datetime | None]


class SignedInSession(Base):
    """One sign-in and all refresh tokens that descend from it. ``place`` is a keyed hash of from where, by password."""

    __tablename__ = "identity_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    opened_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    place: Mapped[bytes | None]


class RefreshToken(Base):
    """A refresh token, by its hash. It is good once; a second use means that it was stolen."""

    __tablename__ = "identity_refresh_token"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("identity_session.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class FailedSignIn(Base):
    """A wrong password, kept without user name or address: only keyed hashes, of both together and of the name."""

    __tablename__ = "identity_failed_sign_in"
    __table_args__ = (
        Index("ix_identity_failed_sign_in_guess_failed_at", "guess", "failed_at"),
        Index("ix_identity_failed_sign_in_account", "account", "failed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    guess: Mapped[bytes]
    account: Mapped[bytes | None]
    failed_at: Mapped[datetime]


class FamilyRelation(Base):
    """Two people who say that they are relatives, and who has verified it. What became of it when is never overwritten.

    ``kinship`` is what the relative is to the proposer. ``relative_id`` is empty when nobody has the number that was
    proposed to: such a relation looks like any other that nobody has confirmed, so that nobody learns who exists.
    ``pair`` names the two, whoever proposed; among open relations it is unique. ``organisation_id`` is where they show a
    document; no copy of one is kept.
    """

    __tablename__ = "identity_family"
    __table_args__ = (
        one_of("kinship", Kinship),
        one_of("state", RelationState),
        CheckConstraint("relative_id IS NULL OR relative_id <> proposer_id", name="two_people"),
        CheckConstraint("relative_id IS NOT NULL OR confirmed_at IS NULL", name="somebody"),
        CheckConstraint("decided_at IS NOT NULL OR state NOT IN ('verified', 'rejected')", name="decided"),
        CheckConstraint("(ended_at IS NOT NULL) = (state = 'ended')", name="ended"),
        Index(
            "uq_identity_family_pair",
            "pair",
            unique=True,
            sqlite_where=_OPEN_RELATION,
            postgresql_where=_OPEN_RELATION,
        ),
        Index("ix_identity_family_organisation_id_state", "organisation_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    proposer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    relative_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_person.id"), index=True)
    volunteer_no: Mapped[str] = mapped_column(String(20))
    pair: Mapped[str] = mapped_column(String(80))
    kinship: Mapped[str] = mapped_column(String(12))
    organisation_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(10))
    proposed_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class Consent(Base):
    """That somebody has agreed to a purpose, or taken it back. Append-only: the highest number of a purpose counts.

    ``version`` names the text that they were shown. ``via`` says who spoke: they, their guardian, or staff with a paper
    form that the organisation keeps (then ``reason`` says which). Rule R39, PIPL 14–16, 29, 31.
    """

    __tablename__ = "identity_consent"
    __table_args__ = (
        one_of("purpose", Purpose),
        one_of("via", Via),
        CheckConstraint("(via = 'staff') = (organisation_id IS NOT NULL AND reason IS NOT NULL)", name="paper"),
        CheckConstraint("number > 0", name="number"),
        WITHOUT_ROWID,
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    given: Mapped[bool]
    version: Mapped[str] = mapped_column(String(40))
    via: Mapped[str] = mapped_column(String(10))
    entered_by: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    decided_at: Mapped[datetime]


class Guardian(Base):
    """Who answers for somebody under 18: a person of the bank, or a name. Verified by staff from a document (rule R38).

    No copy of the document and no telephone number is kept; ``reason`` says what was seen, ``organisation_id`` where.
    """

    __tablename__ = "identity_guardian"
    __table_args__ = (
        CheckConstraint("(guardian_id IS NULL) <> (guardian_name IS NULL)", name="one"),
        CheckConstraint("guardian_id <> ward_id", name="two_people"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
        Index(
            "uq_identity_guardian_live",
            "ward_id",
            "guardian_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ward_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"), index=True)
    guardian_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_person.id"), index=True)
    guardian_name: Mapped[str | None] = mapped_column(String(60))
    organisation_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(500))
    verified_by: Mapped[UUID]
    verified_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class Household(Base):
    """People who live together, as staff of an organisation have verified it: what limits per household count."""

    __tablename__ = "identity_household"
    __table_args__ = (Index("ix_identity_household_organisation_id", "organisation_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(500))
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class HouseholdMember(Base):
    """Somebody in a household, from an instant until another; nobody is in two at a time."""

    __tablename__ = "identity_household_member"
    __table_args__ = (
        CheckConstraint("(until_at IS NULL) = (ended_by IS NULL)", name="ended"),
        CheckConstraint("until_at IS NULL OR until_at >= from_at", name="until"),
        Index("ix_identity_household_member_household_id", "household_id"),
        Index("ix_identity_household_member_person_id", "person_id"),
        Index(
            "uq_identity_household_member_live",
            "person_id",
            unique=True,
            sqlite_where=text("until_at IS NULL"),
            postgresql_where=text("until_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("identity_household.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    entered_by: Mapped[UUID]
    ended_by: Mapped[UUID | None]

"""Tables of attendances, and of every scan that was accepted or refused."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import WITHOUT_ROWID
from timebank.attendance.rules import Action, Amendment, LateOutcome, LateReason, State
from timebank.codes.layouts import Kind
from timebank.database import Base, one_of
from timebank.records.rules import Provenance


class Attendance(Base):
    """Somebody's stay at a shift, from check-in to check-out. A person is inside one shift at a time.

    Of a phone's place only this is kept, and only with consent: whether it was inside the site's fence, and how far away
    it was, to the hundred metres (rule R37).
    """

    __tablename__ = "attendance"
    __table_args__ = (
        one_of("state", State),
        one_of("in_provenance", Provenance),
        one_of("out_provenance", Provenance),
        CheckConstraint("(state = 'open') = (checked_out_at IS NULL)", name="open"),
        CheckConstraint("checked_out_at >= checked_in_at", name="times"),
        Index(
            "uq_attendance_open",
            "volunteer_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
        Index("ix_attendance_volunteer_id_checked_out_at", "volunteer_id", "checked_out_at"),
        Index("ix_attendance_shift_id_volunteer_id", "shift_id", "volunteer_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    state: Mapped[str] = mapped_column(String(12))
    served_on: Mapped[date]
    checked_in_at: Mapped[datetime]
    checked_out_at: Mapped[datetime | None]
    in_provenance: Mapped[str] = mapped_column(String(12))
    out_provenance: Mapped[str | None] = mapped_column(String(12))
    flags: Mapped[str] = mapped_column(String(200))
    record_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_record.id"))
    was_inside: Mapped[bool | None]
    distance_m: Mapped[int | None]
    guardian_present: Mapped[bool | None]


class Scan(Base):
    """What was scanned, by whom, for what, and what came of it. Append-only; never the code itself, only its hash.

    ``at`` is the instant that counts (business time), ``received_at`` when the request came (wall time).
    """

    __tablename__ = "scan"
    __table_args__ = (
        one_of("action", Action),
        Index("ix_scan_actor_id_received_at", "actor_id", "received_at"),
        Index("ix_scan_shift_id_at", "shift_id", "at"),
        Index("ix_scan_received_at", "received_at"),
        Index("ix_scan_device_hash_at", "device_hash", "at"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID]
    volunteer_id: Mapped[UUID | None]
    shift_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str | None] = mapped_column(String(1))
    token_hash: Mapped[bytes]
    device_hash: Mapped[bytes | None]
    refusal: Mapped[str | None] = mapped_column(String(40))
    at: Mapped[datetime]
    received_at: Mapped[datetime]


class ClientRef(Base):
    """What a phone calls one of its scans, and what became of it. Append-only: sent again, it gets the same answer."""

    __tablename__ = "attendance_client_ref"
    __table_args__ = (
        one_of("action", (Action.CHECK_IN, Action.CHECK_OUT)),
        CheckConstraint("(attendance_id IS NULL) <> (late_scan_id IS NULL)", name="one_outcome"),
        WITHOUT_ROWID,
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_ref: Mapped[str] = mapped_column(String(64), primary_key=True)
    action: Mapped[str] = mapped_column(String(10))
    attendance_id: Mapped[UUID | None] = mapped_column(ForeignKey("attendance.id"))
    late_scan_id: Mapped[UUID | None] = mapped_column(ForeignKey("late_scan.id"))
    received_at: Mapped[datetime]


class LateScan(Base):
    """A genuine scan that came too late to count by itself, kept until a coordinator has said what becomes of it.

    ``at`` is the instant that the code proves (None: a poster proves none), ``claimed_at`` what the phone's clock said.
    """

    __tablename__ = "late_scan"
    __table_args__ = (
        one_of("action", (Action.CHECK_IN, Action.CHECK_OUT)),
        one_of("reason", LateReason),
        Index("ix_late_scan_shift_id_volunteer_id", "shift_id", "volunteer_id"),
        Index("ix_late_scan_received_at_id", "received_at", "id"),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_person.id"))
    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"))
    action: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime | None]
    claimed_at: Mapped[datetime]
    received_at: Mapped[datetime]


class LateScanDecision(Base):
    """What a coordinator made of a late scan, and why. Append-only, one for each."""

    __tablename__ = "late_scan_decision"
    __table_args__ = (one_of("outcome", LateOutcome), WITHOUT_ROWID)

    late_scan_id: Mapped[UUID] = mapped_column(ForeignKey("late_scan.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


class PrintedCode(Base):
    """A serial of a poster or a volunteer's card. Append-only: the highest is good, and who issued each stays known."""

    __tablename__ = "printed_code"
    __table_args__ = (
        one_of("kind", (Kind.POSTER, Kind.CARD)),
        CheckConstraint("serial BETWEEN 1 AND 32767", name="serial"),
        WITHOUT_ROWID,
    )

    kind: Mapped[str] = mapped_column(String(1), primary_key=True)
    reference: Mapped[str] = mapped_column(String(8), primary_key=True)
    serial: Mapped[int] = mapped_column(primary_key=True)
    issued_by: Mapped[UUID]
    issued_at: Mapped[datetime]


class AttendanceAmendment(Base):
    """An attendance that staff have annulled or given other times: who, when, why, what it said before. Append-only.

    With a ``correction_id`` the record was final already: it changes when another person has approved the correction.
    """

    __tablename__ = "attendance_amendment"
    __table_args__ = (
        one_of("kind", Amendment),
        one_of("state_before", State),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    attendance_id: Mapped[UUID] = mapped_column(ForeignKey("attendance.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(500))
    actor_id: Mapped[UUID]
    amended_at: Mapped[datetime]
    state_before: Mapped[str] = mapped_column(String(12))
    checked_in_before: Mapped[datetime]
    checked_out_before: Mapped[datetime | None]
    checked_in_after: Mapped[datetime]
    checked_out_after: Mapped[datetime | None]
    correction_id: Mapped[UUID | None]

"""Codes on paper: posters of check-in points and cards of volunteers. The newest serial is good, the ones before are not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import String, bindparam, func, insert, select

from timebank import clock
from timebank.attendance.models import PrintedCode
from timebank.codes.errors import TokenRevoked
from timebank.codes.layouts import Kind
from timebank.constraints import retry_on
from timebank.database import session

# Two roll at once: the second look finds the first one's serial, and takes the next.
retry_on("pk_printed_code")

_ISSUE = insert(PrintedCode)
_NEWEST = select(func.max(PrintedCode.serial)).where(
    PrintedCode.kind == bindparam("kind", type_=String()),
    PrintedCode.reference == bindparam("reference", type_=String()),
)


@dataclass(frozen=True, slots=True)
class Issued:
    """The serial that is good now, who rolled it and when."""

    serial: int
    issued_by: UUID
    issued_at: datetime


def refuse_revoked(*, kind: str, reference: str, serial: int) -> None:
    """Raise TokenRevoked unless ``serial`` is the newest of its poster or card."""
    if session.connection().execute(_NEWEST, {"kind": kind, "reference": reference}).scalar() != serial:
        raise TokenRevoked


def roll(*, kind: Kind, reference: str, issued_by: UUID) -> Issued:
    """Issue the next serial of a poster or card, which revokes the one before at once. Who did it stays for good."""
    newest = session.connection().execute(_NEWEST, {"kind": kind, "reference": reference}).scalar() or 0
    issued = Issued(serial=newest + 1, issued_by=issued_by, issued_at=clock.now())
    session.connection().execute(
        _ISSUE,
        {
            "kind": kind,
            "reference": reference,
            "serial": issued.serial,
            "issued_by": issued_by,
            "issued_at": issued.issued_at,
        },
    )
    return issued


def newest(*, kind: Kind, references: list[str]) -> dict[str, Issued]:
    """Return what is good now of posters or cards, by reference; those never issued are missing."""
    found = session.execute(
        select(PrintedCode)
        .where(PrintedCode.kind == kind, PrintedCode.reference.in_(references))
        .order_by(PrintedCode.reference, PrintedCode.serial)
    ).scalars()
    return {code.reference: Issued(code.serial, code.issued_by, code.issued_at) for code in found}

"""``timebank certificates audit``: every hash recomputed, every register looked through for gaps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select, union_all

from timebank.certificates.errors import CertificateAltered, CertificateErased
from timebank.certificates.models import Certificate, CertificateCounter, CertificateNames
from timebank.certificates.service import statement_of
from timebank.database import session

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Audited:
    """A part of the certificates: how many were looked at, what is wrong, and where the next part begins."""

    looked_at: int
    erased: int
    findings: list[str]
    last: UUID | None


def hashes(after: UUID | None) -> Audited:
    """Recompute the hashes of at most ``AT_ONCE`` certificates beyond ``after``. Those of erased holders cannot be."""
    found = (
        select(Certificate, CertificateNames)
        .outerjoin(CertificateNames, CertificateNames.certificate_id == Certificate.id)
        .order_by(Certificate.id)
        .limit(AT_ONCE)
    )
    if after is not None:
        found = found.where(Certificate.id > after)
    rows = list(session.execute(found))
    findings, erased = [], 0
    for certificate, names in rows:
        if names is None:
            findings.append(f"{certificate.number}: its names are gone")
            continue
        try:
            statement_of(certificate, names)
        except CertificateErased:
            erased += 1
        except CertificateAltered:
            findings.append(f"{certificate.number}: says something else than its hash")
    return Audited(len(rows), erased, findings, rows[-1][0].id if len(rows) == AT_ONCE else None)


def gaps() -> Iterator[str]:
    """Yield what is wrong with the numbers of each organisation and year: from 1 to the last one given out, each once.

    Also of those that no counter knows: numbers that were never given out.
    """
    register = (
        select(
            Certificate.organisation_id,
            Certificate.year,
            func.count().label("count"),
            func.max(Certificate.sequence).label("highest"),
        )
        .group_by(Certificate.organisation_id, Certificate.year)
        .subquery()
    )
    same = (CertificateCounter.organisation_id == register.c.organisation_id) & (
        CertificateCounter.year == register.c.year
    )
    columns: list[Any] = [CertificateCounter.organisation_id, CertificateCounter.year, CertificateCounter.last]
    counted = select(*columns, register.c["count"], register.c.highest).outerjoin(register, same)
    numbers: list[Any] = [
        register.c.organisation_id,
        register.c.year,
        literal(0),
        register.c["count"],
        register.c.highest,
    ]
    uncounted = select(*numbers).outerjoin(CertificateCounter, same).where(CertificateCounter.last.is_(None))
    rows: Any = session.execute(union_all(counted, uncounted))
    for organisation_id, year, last, count, highest in rows:
        if not last == (count or 0) == (highest or 0):
            yield f"{organisation_id} {year}: {count or 0} certificates, the last is {highest or 0}, given out {last}"

"""Certificates, through the verbs themselves, and what another program reads on the paper."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pypdfium2
import pypdfium2.raw
from sqlalchemy import select

from tests.factories.records import NINE_O_CLOCK, a_record
from timebank import clock
from timebank.certificates import service
from timebank.certificates.models import Certificate
from timebank.certificates.rules import Entry, Names, Statement
from timebank.certificates.service import Press, Wanted
from timebank.database import in_unit_of_work, new_id, session
from timebank.documents.typefaces import typeface
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation
from timebank.records.models import Revision
from timebank.records.rules import Provenance

AT_NOON = NINE_O_CLOCK + timedelta(days=30, hours=3)
"""A day in December 2026 when all of it is over."""


def a_press() -> Press:
    """Return our own font and the address of the tests."""
    return Press(face=typeface(), public_url="https://time.example.cn")


def some_records(organisation: Organisation, volunteer_id: UUID, *minutes: int) -> list[Revision]:
    """Record services of one volunteer, one a day from the second of November on."""
    return [
        a_record(
            volunteer_id=volunteer_id,
            organisation=organisation,
            minutes=count,
            started_at=NINE_O_CLOCK + timedelta(days=day),
        )
        for day, count in enumerate(minutes)
    ]


def a_certificate(volunteer_id: UUID, organisation_id: UUID, **wanted: Any) -> Certificate:
    """Issue a certificate to a volunteer at noon."""

    def issue() -> Certificate:
        number = service.issue_own(
            actor=Actor(volunteer_id), wanted=Wanted(organisation_id=organisation_id, **wanted), press=a_press()
        )
        return session.scalars(select(Certificate).where(Certificate.number == number)).one()

    with clock.at(AT_NOON):
        certificate = in_unit_of_work(issue)
    session.expunge(certificate)
    return certificate


def an_entry(**other: Any) -> Entry:
    """Return one certified service; nothing is written."""
    given: dict[str, Any] = {
        "record_id": new_id(),
        "revision_id": new_id(),
        "revision": 1,
        "activity_name": "社区食堂帮厨",
        "content": "为老人备餐、送餐。",
        "served_on": date(2026, 11, 2),
        "place": "邻里中心",
        "provenance": Provenance.SELF_SCAN,
        "service_minutes": 125,
    }
    return Entry(**given | other)


def a_statement(*entries: Entry, holder_name: str = "王秀英", **other: Any) -> Statement:
    """Return what a certificate of these entries, or of one, says; nothing is written."""
    given: dict[str, Any] = {
        "number": "2026-000012-K7Q2MX",
        "organisation_id": UUID(int=7),
        "organisation_name": "三色堇志愿服务队",
        "first_on": None,
        "last_on": None,
        "issued_on": date(2026, 12, 2),
        "verify_url": "https://time.example.cn/api/v1/verify/0123456789ABCDEFGHJKMNPQRS",
        "seal_n": 3,
        "seal_hash": "ab" * 32,
        "names": Names(
            holder_name=holder_name,
            document="居民身份证 330***********0021",
            volunteer_no="1234567897",
            person_in_charge="李建国",
            handler="陈桂花",
            contact="0573-87000000",
            salt="0" * 26,
        ),
        "entries": entries or (an_entry(),),
    }
    return Statement(**given | other)


def fonts_of(file: bytes) -> dict[str, bool]:
    """Return the fonts of all text in a PDF by name, and whether the file carries them."""
    document = pypdfium2.PdfDocument(file)
    found: dict[str, bool] = {}
    try:
        for page in document:
            for item in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
                font = pypdfium2.raw.FPDFTextObj_GetFont(item.raw)
                name = (b"\0" * 100)[:]
                buffer = pypdfium2.raw.create_string_buffer(name)
                pypdfium2.raw.FPDFFont_GetBaseFontName(font, buffer, len(name))
                found[buffer.value.decode()] = bool(pypdfium2.raw.FPDFFont_GetIsEmbedded(font))
    finally:
        document.close()
    return found

"""Issuing a certificate, oneself or at the desk; reading, printing and revoking it."""

import re
from functools import partial

import pytest

from tests.api.certificates.conftest import Desk
from tests.factories.attendance import refusal_of
from tests.factories.certificates import fonts_of, some_records
from tests.factories.documents import pdf_codes, pdf_texts
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin
from tests.factories.notices import a_record_on_notice, an_objection
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record
from tests.unguarded import unguarded
from timebank import clock
from timebank.certificates import holders, queries, service
from timebank.certificates.layouts import NEWEST
from timebank.certificates.printing import certificate_pdf
from timebank.database import in_unit_of_work, new_id
from timebank.documents.typefaces import typeface
from timebank.identity import service as identity
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.ledger import seals
from timebank.organisations.models import Organisation
from timebank.records import answers
from timebank.records.models import Revision
from timebank.records.objection_rules import Outcome
from timebank.records.rules import Provenance


@pytest.mark.rule("R15")
def test_a_volunteer_helps_themselves_free_of_charge(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """The answer says everything that is on the paper, and which revision of each record it rests on."""
    made = desk.certificate(volunteer, organisation)

    assert re.fullmatch(r"2026-000001-[0-9A-Z]{6}", made["number"])
    assert (made["service_minutes"], made["hours"], made["status"]) == (359, "5.9", "valid")
    assert made["by_provenance"] == {"self_scan": 359, "staff_scan": 0, "supplement": 0, "import": 0}
    assert (made["holder_name"], made["volunteer_no"], made["document"]) == ("王秀英", volunteer.volunteer_no, None)
    assert (made["organisation_name"], made["issued_on"], made["channel"]) == (organisation.name, "2026-12-02", "self")
    assert made["seal"] is None
    assert [(entry["record_id"], entry["revision"]) for entry in made["entries"]] == [
        (str(record.record_id), 1) for record in records
    ]
    first = made["entries"][0]
    assert (first["activity_name"], first["served_on"], first["place"]) == ("社区食堂帮厨", "2026-11-02", "邻里中心")


@pytest.mark.rule("R15")
def test_the_paper_is_the_same_every_time(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """For the holder and for staff, before and after the organisation has changed what it prints; it can be read."""
    made = desk.certificate(volunteer, organisation)
    path = f"/certificates/{made['number']}.pdf"
    paper = desk.get(volunteer, path)
    desk.put(
        coordinator, f"/organisations/{organisation.id}/issuer", person_in_charge="李建国", handler=None, contact=None
    )
    in_unit_of_work(lambda: identity.change_profile(person_id=volunteer.id, display_name="王秀"))

    assert (paper.status_code, paper.mimetype) == (200, "application/pdf")
    assert desk.get(volunteer, path).data == desk.get(coordinator, path).data == paper.data
    assert pdf_codes(paper.data) == [made["verify_url"]]
    assert fonts_of(paper.data) == {"NotoSansSC-Regular": True}
    assert made["number"] in pdf_texts(paper.data)[0]
    assert "王秀英" in pdf_texts(paper.data)[0]


@pytest.mark.rule("R15")
def test_a_certificate_of_before_layouts_had_numbers_is_printed_in_the_first(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """Its hash is what it was; the next one that is issued has the newest layout."""
    made, next_one = desk.certificate(volunteer, organisation), desk.certificate(volunteer, organisation)
    unguarded(f"UPDATE certificate SET layout = NULL WHERE number = '{made['number']}'")

    def expected(number: str, layout: int) -> tuple[int | None, str, bytes]:
        certificate, names, _, _ = queries.by_number(number)
        paper = certificate_pdf(service.statement_of(certificate, names), typeface(), layout)
        return certificate.layout, certificate.sha256, paper

    for one, kept, layout in ((made, None, 1), (next_one, NEWEST, NEWEST)):
        paper = desk.get(volunteer, f"/certificates/{one['number']}.pdf").data
        assert in_unit_of_work(partial(expected, one["number"], layout)) == (kept, one["sha256"], paper)


@pytest.mark.rule("R16")
def test_only_who_recorded_certifies(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """Records of two organisations never stand on one certificate; a third one has nothing, nor has one that is not there."""
    other, third = an_organisation(), an_organisation()
    a_record(volunteer_id=volunteer.id, organisation=other, minutes=300, started_at=NINE_O_CLOCK.replace(day=20))
    asked = {"volunteer_no": volunteer.volunteer_no, "reason": "本人到场"}

    assert desk.certificate(volunteer, organisation)["service_minutes"] == 359
    assert desk.certificate(volunteer, other)["service_minutes"] == 300
    for nobody in (third.id, new_id()):
        answer = desk.post(volunteer, "/me/certificates", organisation_id=str(nobody))
        assert refusal_of(answer) == (409, "NOTHING_TO_CERTIFY")
    assert refusal_of(desk.post(coordinator, f"/organisations/{other.id}/certificates", **asked)) == (404, "NOT_FOUND")


def test_a_period_takes_what_lies_in_it(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """Both days included, either may be left out; backwards is invalid, and where nothing lies there is nothing."""
    for period, minutes in (
        ({"first_on": "2026-11-03"}, 239),
        ({"last_on": "2026-11-02"}, 120),
        ({"first_on": "2026-11-03", "last_on": "2026-11-03"}, 125),
    ):
        made = desk.certificate(volunteer, organisation, **period)
        assert (made["service_minutes"], made["first_on"]) == (minutes, period.get("first_on"))

    wanted = {"organisation_id": str(organisation.id)}
    nothing = desk.post(volunteer, "/me/certificates", **wanted, first_on="2026-11-10")
    assert refusal_of(nothing) == (409, "NOTHING_TO_CERTIFY")
    backwards = desk.post(volunteer, "/me/certificates", **wanted, first_on="2026-11-03", last_on="2026-11-02")
    assert refusal_of(backwards) == (422, "INVALID")
    assert backwards.json["errors"][0]["pointer"] == "/last_on"


def test_only_what_is_final_is_certified(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """What waits for a review, what is on notice, what was rejected and what lasted no minute is not."""
    a_pending_record(volunteer_id=volunteer.id, organisation=organisation)
    a_record(volunteer_id=volunteer.id, organisation=organisation, minutes=0, started_at=NINE_O_CLOCK.replace(day=21))
    with clock.at(NINE_O_CLOCK):
        a_policy("notice_days", 3, organisation_id=organisation.id)
    a_record_on_notice(volunteer_id=volunteer.id, organisation=organisation, started_at=NINE_O_CLOCK.replace(day=22))
    a_record(
        volunteer_id=volunteer.id,
        organisation=organisation,
        provenance=Provenance.SUPPLEMENT,
        started_at=NINE_O_CLOCK.replace(day=23),
    )

    assert len(desk.certificate(volunteer, organisation)["entries"]) == 3


@pytest.mark.rule("R08")
def test_while_an_objection_is_open_it_is_not_certified(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """The refusal names the records; a period without them is certified at once."""
    with clock.at(records[1].recorded_at):
        an_objection(records[1].record_id, volunteer.id)
    wanted = {"organisation_id": str(organisation.id)}
    refused = desk.post(volunteer, "/me/certificates", **wanted)

    assert refusal_of(refused) == (409, "CERTIFICATE_RECORDS_OBJECTED")
    assert refused.json["context"] == {"count": 1, "record_ids": [str(records[1].record_id)]}
    assert desk.certificate(volunteer, organisation, last_on="2026-11-02")["service_minutes"] == 120


@pytest.mark.rule("R08")
def test_while_a_correction_waits_for_its_second_person_it_is_not_certified(
    desk: Desk, organisation: Organisation, coordinator: Actor, volunteer: Person, records: list[Revision]
) -> None:
    """An objection that was upheld is not over with its answer: the minutes are still the wrong ones. Decided, they go on."""
    with clock.at(records[1].recorded_at):
        objection = an_objection(records[1].record_id, volunteer.id)
        upheld = in_unit_of_work(
            lambda: answers.answer(
                actor=coordinator,
                objection_id=objection.id,
                outcome=Outcome.UPHELD,
                answer="当天只服务了一个半小时",
                service_minutes=90,
            )
        )
    wanted = {"organisation_id": str(organisation.id)}
    refused = desk.post(volunteer, "/me/certificates", **wanted)

    assert refusal_of(refused) == (409, "CERTIFICATE_RECORDS_BEING_CORRECTED")
    assert refused.json["context"] == {"count": 1, "record_ids": [str(records[1].record_id)]}
    assert desk.certificate(volunteer, organisation, last_on="2026-11-02")["service_minutes"] == 120
    path = f"/corrections/{upheld.correction_id}/approve"
    assert desk.post(a_coordinator(organisation.id), path).status_code == 200
    assert desk.certificate(volunteer, organisation)["service_minutes"] == 120 + 90 + 114


def test_staff_issue_for_somebody_without_a_phone(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """They say how they were asked, are the handler unless another is named, and see the name masked; the paper has it whole."""
    path, asked = f"/organisations/{organisation.id}/certificates", {"volunteer_no": volunteer.volunteer_no}
    made = desk.post(coordinator, path, **asked, reason="本人到服务台，出示志愿者卡")

    assert made.status_code == 201
    assert (made.json["channel"], made.json["holder_name"], made.json["handler"]) == ("staff", "王**", "工作人员")
    assert "兹证明王秀英" in pdf_texts(desk.get(coordinator, f"/certificates/{made.json['number']}.pdf").data)[0]
    assert desk.get(volunteer, f"/certificates/{made.json['number']}").json["holder_name"] == "王秀英"
    assert refusal_of(desk.post(coordinator, path, **asked)) == (422, "INVALID")
    for number in ("1234567897", a_person().volunteer_no):
        refused = desk.post(coordinator, path, volunteer_no=number, reason="电话")
        assert refusal_of(refused) == (409, "NOTHING_TO_CERTIFY")


@pytest.mark.rule("R18")
def test_a_document_is_printed_masked_if_there_is_one(
    desk: Desk,
    organisation: Organisation,
    volunteer: Person,
    records: list[Revision],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever keeps documents registers how they are masked; the volunteer's own number is there in any case."""
    monkeypatch.setattr(holders, "_readers", [])
    holders.document_reader(lambda _: None)
    holders.document_reader(lambda person_id: "居民身份证 330***********0021" if person_id == volunteer.id else None)
    made = desk.certificate(volunteer, organisation)

    assert made["document"] == "居民身份证 330***********0021"
    assert "居民身份证 330***********0021" in pdf_texts(
        desk.get(volunteer, f"/certificates/{made['number']}.pdf").data
    )[0].replace("\n", " ")


def test_the_last_seal_stands_on_it(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """Whoever has the published seals can tell that the ledger of that day is still the same."""
    seal = in_unit_of_work(seals.make)

    assert desk.certificate(volunteer, organisation)["seal"] == {"n": 1, "hash": seal.hash.hex()}


def test_the_second_click_makes_no_second_certificate(
    desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]
) -> None:
    """The same key gives the same number; a new wish gives the next."""
    key = str(new_id())
    first, again = (desk.certificate(volunteer, organisation, key=key)["number"] for _ in range(2))

    assert first == again
    assert desk.certificate(volunteer, organisation)["number"].startswith("2026-000002-")


def test_what_cannot_be_printed_uses_no_number_up(
    desk: Desk, organisation: Organisation, records: list[Revision]
) -> None:
    """A rare name is refused with its code point, and the register has no gap."""
    rare = a_person("王𬳽")
    some_records(organisation, rare.id, 60)
    refused = desk.post(rare, "/me/certificates", organisation_id=str(organisation.id))
    in_unit_of_work(lambda: identity.change_profile(person_id=rare.id, display_name="王辰"))

    assert refusal_of(refused) == (422, "GLYPH_MISSING")
    assert refused.json["context"] == {"characters": "U+2CCFD"}
    assert desk.certificate(rare, organisation)["number"].startswith("2026-000001-")


def test_whoever_has_never_said_their_name_is_asked_for_it(
    desk: Desk, organisation: Organisation, coordinator: Actor
) -> None:
    """A certificate for 志愿者1234 helps nobody; with a name it is issued."""
    nameless = in_unit_of_work(identity.enrol)
    number = nameless.volunteer_no
    some_records(organisation, nameless.id, 60)
    refused = desk.post(nameless, "/me/certificates", organisation_id=str(organisation.id))
    assert refusal_of(refused) == (409, "HOLDER_UNNAMED")
    at_the_desk = desk.post(
        coordinator, f"/organisations/{organisation.id}/certificates", volunteer_no=number, reason="本人到场"
    )
    assert refusal_of(at_the_desk) == (409, "HOLDER_UNNAMED")

    in_unit_of_work(lambda: identity.change_profile(person_id=nameless.id, display_name="赵梅"))
    assert desk.certificate(nameless, organisation)["holder_name"] == "赵梅"


def test_too_many_records_want_a_period(
    desk: Desk,
    organisation: Organisation,
    volunteer: Person,
    records: list[Revision],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The refusal says how many one certificate takes."""
    monkeypatch.setattr(service, "MAX_ENTRIES", 2)
    refused = desk.post(volunteer, "/me/certificates", organisation_id=str(organisation.id))

    assert refusal_of(refused) == (409, "CERTIFICATE_TOO_LONG")
    assert refused.json["context"] == {"limit": 2}
    assert desk.certificate(volunteer, organisation, last_on="2026-11-03")["service_minutes"] == 245


def test_without_a_public_address_nothing_is_issued(
    desk: Desk,
    organisation: Organisation,
    volunteer: Person,
    records: list[Revision],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A QR code that leads nowhere helps nobody; the refusal names the setting."""
    from timebank.settings import Settings

    monkeypatch.setattr(Settings, "public_address", property(lambda _: ""))
    refused = desk.post(volunteer, "/me/certificates", organisation_id=str(organisation.id))

    assert refusal_of(refused) == (409, "PUBLIC_URL_MISSING")


def test_others_do_not_find_it(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """Neither its content nor the paper; auditors read the content, masked, and do not print."""
    path = f"/certificates/{desk.certificate(volunteer, organisation)['number']}"
    auditor = a_staff_member(Role.AUDITOR, organisation_id=organisation.id)
    for stranger in (a_person(), a_coordinator(an_organisation().id)):
        assert refusal_of(desk.get(stranger, path)) == (404, "NOT_FOUND")
        assert refusal_of(desk.get(stranger, path + ".pdf")) == (404, "NOT_FOUND")
    assert desk.get(auditor, path).json["holder_name"] == "王**"
    assert refusal_of(desk.get(auditor, path + ".pdf")) == (404, "NOT_FOUND")
    assert refusal_of(desk.post(auditor, path + "/revocation", reason="查")) == (403, "FORBIDDEN")
    assert refusal_of(desk.get(volunteer, "/certificates/2026-000001-XXXXXX")) == (404, "NOT_FOUND")


@pytest.mark.rule("R16")
def test_a_revocation_is_for_good(
    desk: Desk, organisation: Organisation, volunteer: Person, coordinator: Actor, records: list[Revision]
) -> None:
    """Once, with a reason, by staff of the organisation; the holder prints it no more, the office keeps its file."""
    made = desk.certificate(volunteer, organisation)
    path = f"/certificates/{made['number']}"
    stranger = a_coordinator(an_organisation().id)

    assert refusal_of(desk.post(stranger, path + "/revocation", reason="查")) == (404, "NOT_FOUND")
    assert refusal_of(desk.post(coordinator, "/certificates/x/revocation", reason="查")) == (404, "NOT_FOUND")
    revoked = desk.post(coordinator, path + "/revocation", reason="时长系冒名").json
    assert (revoked["status"], revoked["revocation_reason"]) == ("revoked", "时长系冒名")
    assert refusal_of(desk.post(an_admin(), path + "/revocation", reason="再来")) == (409, "CERTIFICATE_REVOKED")
    assert refusal_of(desk.get(volunteer, path + ".pdf")) == (409, "CERTIFICATE_REVOKED")
    assert desk.get(coordinator, path + ".pdf").status_code == 200
    assert desk.get(volunteer, path).json["status"] == desk.status(made["number"]) == "revoked"

"""What a school learns that scans the code on a certificate, and what it does not."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.certificates.conftest import Desk
from tests.factories.attendance import refusal_of
from tests.factories.corrections import a_correction, approved, corrected
from tests.factories.identity import a_coordinator
from timebank import clock
from timebank.certificates.verify_page import POLICY
from timebank.database import NIL, in_unit_of_work
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Organisation
from timebank.records import queries, revisions
from timebank.records.models import Revision
from timebank.web import limits

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def made(desk: Desk, organisation: Organisation, volunteer: Person, records: list[Revision]) -> dict[str, str]:
    """A certificate of three days."""
    found: dict[str, str] = desk.certificate(volunteer, organisation)
    return found


def token_of(made: dict[str, str]) -> str:
    """Return what the QR code carries after the address."""
    return made["verify_url"].rpartition("/")[2]


@pytest.mark.rule("R16")
@pytest.mark.rule("R39")
def test_everybody_learns_five_things_and_nothing_else(
    desk: Desk, organisation: Organisation, made: dict[str, str]
) -> None:
    """By the token of the code or by the whole number, typed in any way; without signing in."""
    told = {
        "holder_name": "王**",
        "hours": "5.9",
        "organisation_name": organisation.name,
        "issued_on": "2026-12-02",
        "status": "valid",
    }
    for code in (token_of(made), made["number"], made["number"].replace("-", "").lower()):
        assert desk.get(None, f"/verify/{code}").json == told


def test_the_code_leads_where_the_public_is(made: dict[str, str]) -> None:
    """The address is the bank's own, whatever host a request has named; the token has 130 random bits."""
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/api/v1/verify/[0-9A-Z]{26}", made["verify_url"])
    assert token_of(made) not in made["number"]


@pytest.mark.parametrize(
    "code", ["2026-000001", "2026-000001-000000", "2026-000002-K7Q2MX", "X" * 26, "王秀英", "%00", "1" * 600]
)
def test_whoever_guesses_finds_nothing(desk: Desk, made: dict[str, str], code: str) -> None:
    """A number without its last six characters names nobody: counting up finds no one's certificate."""
    assert refusal_of(desk.get(None, f"/verify/{code}")) == (404, "NOT_FOUND")


def test_a_browser_gets_a_page(desk: Desk, organisation: Organisation, made: dict[str, str]) -> None:
    """In Chinese, with the answer first, without a script; nothing on it that the public may not know."""
    answer = desk.get(None, f"/verify/{token_of(made)}", accept=BROWSER)
    page = answer.text

    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert (answer.headers["X-Robots-Tag"], answer.headers["Cache-Control"]) == ("noindex", "no-store")
    for said in ("✓ 有效", "王**", "5.9 小时", organisation.name, "2026 年 12 月 2 日"):
        assert said in page
    for kept in ("王秀英", made["volunteer_no"], made["number"], "食堂", "<script", "<a "):
        assert kept not in page


def test_a_forged_code_gets_a_page_too(desk: Desk) -> None:
    """It says that there is no such certificate."""
    answer = desk.get(None, f"/verify/{'X' * 26}", accept=BROWSER)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "查无此证明" in answer.text
    assert answer.headers["Content-Security-Policy"] == POLICY


def test_names_are_no_markup(desk: Desk, client: FlaskClient) -> None:
    """What somebody has typed stays text on the page."""
    from tests.factories.certificates import some_records
    from tests.factories.identity import a_person
    from tests.factories.organisations import an_organisation

    organisation, person = an_organisation("<b>队</b>"), a_person("<i>王")
    some_records(organisation, person.id, 60)
    made = desk.certificate(person, organisation)
    page = desk.get(None, f"/verify/{made['number']}", accept=BROWSER).text

    assert "&lt;b&gt;队&lt;/b&gt;" in page
    assert "<b>" not in page


@pytest.mark.rule("R16")
def test_a_corrected_record_supersedes_the_certificate(
    desk: Desk, organisation: Organisation, coordinator: Actor, made: dict[str, str], records: list[Revision]
) -> None:
    """Asked for is not corrected yet; approved, the page says so, and a new certificate is right again."""
    colleague = a_coordinator(organisation.id)
    asked = a_correction(coordinator, records[1].record_id, 60)
    assert desk.status(made["number"]) == "valid"
    approved(colleague, asked)
    again = desk.certificate(records[0].volunteer_id, organisation)

    assert desk.status(token_of(made)) == "superseded"
    assert (desk.status(again["number"]), again["service_minutes"], again["entries"][1]["revision"]) == (
        "valid",
        294,
        2,
    )
    page = desk.get(None, f"/verify/{token_of(made)}", accept=BROWSER).text
    assert "已被更正" in page
    # Put back to what it was: the first certificate was wrong once, and does not become right again by itself.
    corrected(coordinator, colleague, records[1].record_id, 125)
    assert desk.status(made["number"]) == "superseded"
    assert desk.status(again["number"]) == "superseded"


@pytest.mark.rule("R16")
def test_an_annulled_record_supersedes_the_certificate(
    desk: Desk, organisation: Organisation, coordinator: Actor, made: dict[str, str], records: list[Revision]
) -> None:
    """What is no service any more is certified no more."""
    approved(a_coordinator(organisation.id), a_correction(coordinator, records[0].record_id, annul=True))

    assert desk.status(made["number"]) == "superseded"


def revised(record: Revision, **changes: Any) -> None:
    """Append a revision that says something else."""

    def change() -> None:
        current = queries.current_of(record.record_id)
        assert current is not None
        revisions.change(current, **changes, actor_id=NIL, recorded_at=clock.now())

    in_unit_of_work(change)


def test_a_revision_that_says_the_same_leaves_it_valid(
    desk: Desk, made: dict[str, str], records: list[Revision]
) -> None:
    """What a service has earned is not on the certificate, nor is the minute at which it began."""
    began = records[0].started_at + timedelta(minutes=1)
    revised(records[0], credited_minutes=0, started_at=began, reason="重算")

    assert desk.status(made["number"]) == "valid"


@pytest.mark.parametrize(
    "change",
    [
        {"served_on": date(2026, 11, 1)},
        {"place": "文化礼堂"},
        {"activity_name": "河道巡护"},
        {"content": "捡拾垃圾。"},
        {"provenance": "supplement"},
        {"service_minutes": 119},
        {"state": "rejected", "credited_minutes": 0, "expected_minutes": 0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_else_is_certified_supersedes_it(
    desk: Desk, made: dict[str, str], records: list[Revision], change: dict[str, Any]
) -> None:
    """The day, the place, the activity, what was done, where the minutes come from: any of them."""
    revised(records[0], **{"credited_minutes": 0} | change)

    assert desk.status(made["number"]) == "superseded"


def test_whoever_tries_numbers_is_slowed_down(
    desk: Desk, made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty a minute from one address; then it says when to come back."""
    answers = [desk.get(None, f"/verify/2026-000001-{guess:06}").status_code for guess in range(limits.VERIFY.amount)]

    assert set(answers) == {404}
    refused = desk.get(None, f"/verify/{token_of(made)}")
    assert refusal_of(refused) == (429, "RATE_LIMITED")
    assert int(refused.headers["Retry-After"]) >= 1

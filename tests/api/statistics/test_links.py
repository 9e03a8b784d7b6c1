"""Shared links: figures for somebody without an account, until a day, without small cells."""

import re
from datetime import timedelta
from html import escape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.documents import pdf_texts
from tests.factories.identity import a_coordinator, a_person, an_admin, grant, revoke, signed_in
from tests.factories.organisations import an_area, an_organisation
from tests.factories.records import NINE_O_CLOCK, a_record
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Organisation
from timebank.records.rules import Provenance
from timebank.statistics.models import SharedLink
from timebank.statistics.page import POLICY

LINKS = "/api/v1/statistics/links"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def a_link(client: FlaskClient, who: Actor, **body: Any) -> Any:
    """Make a link."""
    answer = client.post(LINKS, json={"reason": "街道领导查看", **body}, headers=signed_in(who))
    assert answer.status_code == 201, answer.json
    return answer.json


def shown(client: FlaskClient, link: Any) -> dict[str, dict[str, Any]]:
    """Return what a link shows, by organisation; nobody is signed in."""
    answer = client.get(link["path"])
    assert answer.status_code == 200, answer.json
    return {row["organisation_name"]: row for row in answer.json["items"]}


@pytest.fixture
def admin(app: Flask) -> Actor:
    """An administrator of the bank."""
    return an_admin()


def served(organisation: Organisation, people: int, provenance: Provenance = Provenance.SELF_SCAN) -> None:
    """Have so many people serve an hour."""
    for _ in range(people):
        a_record(organisation=organisation, minutes=60, provenance=provenance)


def test_a_link_shows_figures_without_an_account(client: FlaskClient, admin: Actor) -> None:
    """Sums by organisation with a total; no names, no ids of people."""
    one, other = an_organisation("大队"), an_organisation("小队")
    served(one, 3)
    served(other, 4)

    rows = shown(client, a_link(client, admin))

    assert {name: (row["people"], row["service_minutes"]) for name, row in rows.items()} == {
        "大队": (3, 180),
        "小队": (4, 240),
        "合计": (7, 420),
    }
    assert client.get(a_link(client, admin)["path"]).json["note"].startswith("少于 3 人")


def test_small_cells_and_what_tells_them_are_hidden(client: FlaskClient, admin: Actor) -> None:
    """Of the organisation with one volunteer nothing shows, nor of the next smallest: the total would tell."""
    for name, people in (("一人队", 1), ("三人队", 3), ("五人队", 5)):
        served(an_organisation(name), people)

    rows = shown(client, a_link(client, admin))

    for name in ("一人队", "三人队"):
        measures = ("people", "person_times", "service_minutes", "credited_minutes", "self_scan")
        assert [rows[name][measure] for measure in measures] == [None] * 5
    assert (rows["五人队"]["service_minutes"], rows["合计"]["service_minutes"]) == (300, 540)


def test_a_provenance_of_one_person_is_hidden_within_its_row(client: FlaskClient, admin: Actor) -> None:
    """Five scanned and one was added by hand: neither number shows, their sum does."""
    one, other = an_organisation("大队"), an_organisation("小队")
    served(one, 5)
    served(one, 1, Provenance.STAFF_SCAN)
    served(other, 4)
    served(other, 4, Provenance.STAFF_SCAN)

    rows = shown(client, a_link(client, admin))

    for name in ("大队", "小队"):
        assert [rows[name][column] for column in ("self_scan", "staff_scan", "supplement", "import")] == [None] * 4
    assert (rows["大队"]["service_minutes"], rows["大队"]["people"]) == (360, 6)
    assert (rows["合计"]["self_scan"], rows["合计"]["staff_scan"]) == (540, 300)


def test_a_link_can_be_about_one_area(client: FlaskClient, admin: Actor) -> None:
    """It takes the area with what lies below, and no other."""
    district = an_area(code="0573")  # the records of these tests lie in 0573.01
    served(an_organisation("大队"), 3)

    assert shown(client, a_link(client, admin, area=str(district.id))).keys() == {"大队", "合计"}
    assert shown(client, a_link(client, admin, area=str(an_area().id))).keys() == {"合计"}
    unknown = client.post(LINKS, json={"reason": "查看", "area": str(a_person().id)}, headers=signed_in(admin))
    assert unknown.status_code == 404


def test_other_forms_hide_the_same(client: FlaskClient, admin: Actor) -> None:
    """The PDF and the CSV of a link show no more than its JSON."""
    served(an_organisation("一人队"), 1)
    served(an_organisation("四人队"), 4)
    link = a_link(client, admin)

    csv = client.get(f"{link['path']}?format=csv").data.decode("utf-8-sig")
    pdf = "".join(pdf_texts(client.get(f"{link['path']}?format=pdf").data))

    assert [set(line.split(",")[2:]) for line in csv.splitlines()[1:3]] == [{""}] * 2
    assert "少于 3 人的数字不显示" in pdf
    # Between other signs than an id's or a time's: what they hold by chance is no figure.
    assert re.search(r"(?<![\w:.-])240(?![\w:.-])", pdf) is None


def test_a_browser_gets_a_page(client: FlaskClient, admin: Actor) -> None:
    """Whoever opens the link on a telephone reads names and figures, hides what is small, and finds the files."""
    for name, people in (("<b>大队</b>", 3), ("小队", 4), ("一人队", 1)):
        served(an_organisation(name), people)
    link = a_link(client, admin, rows="organisation", measures="people,service_minutes")

    answer = client.get(link["path"], headers={"Accept": BROWSER})

    assert link["url"] == f"http://127.0.0.1:8000{link['path']}"
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert (answer.headers["X-Robots-Tag"], answer.headers["Cache-Control"]) == ("noindex", "no-store")
    shown_rows = {row["organisation_name"]: row for row in client.get(link["path"]).json["items"]}
    for name, row in shown_rows.items():
        cells = re.search(rf"<th scope=\"row\">{re.escape(escape(name))}</th>(.*?)</tr>", answer.text)
        assert cells
        people = "—" if row["people"] is None else str(row["people"])
        assert re.search(rf'data-title="人数">{people}<', cells[1])
        assert str(row["organisation"]) not in answer.text or not row["organisation"]
    assert "少于 3 人的数字不显示" in answer.text
    assert "<script" not in answer.text
    for form in re.findall(r'href="([^"]*)"', answer.text):
        assert client.get(link["path"] + form, headers={"Accept": BROWSER}).headers["Content-Disposition"]


def test_a_link_that_has_ended_says_so_in_a_browser(client: FlaskClient, admin: Actor) -> None:
    """With a sentence for people, and 404 for their browser."""
    link = a_link(client, admin)
    client.delete(f"{LINKS}/{link['id']}", headers=signed_in(admin))

    for path in (link["path"], f"{link['path']}?format=pdf", "/api/v1/shared/guess"):
        answer = client.get(path, headers={"Accept": BROWSER})
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert "链接已失效" in answer.text
    assert client.get(f"{link['path']}?format=html").json["code"] == "NOT_FOUND", "a program gets the problem"


def test_a_link_ends(client: FlaskClient, admin: Actor) -> None:
    """After its last day it is not there; nor is a code that was never one."""
    link = a_link(client, admin, days=2)

    with clock.at(clock.now() + timedelta(days=1, hours=23)):
        assert client.get(link["path"]).status_code == 200
    with clock.at(clock.now() + timedelta(days=2, seconds=5)):
        assert client.get(link["path"]).status_code == 404
    assert client.get("/api/v1/shared/guess").status_code == 404


def test_a_link_is_taken_back(client: FlaskClient, admin: Actor) -> None:
    """Its maker ends it, twice if they like; somebody else cannot."""
    link = a_link(client, admin)
    address = f"{LINKS}/{link['id']}"
    assert client.delete(address, headers=signed_in(an_admin())).status_code == 404

    assert [client.delete(address, headers=signed_in(admin)).status_code for _ in range(2)] == [204, 204]

    assert client.get(link["path"]).status_code == 404
    (listed,) = client.get(LINKS, headers=signed_in(admin)).json["items"]
    assert listed["revoked_at"]
    assert "code" not in listed


def test_a_link_reaches_what_its_maker_still_reaches(client: FlaskClient, admin: Actor) -> None:
    """A coordinator's shows their organisation; when they are no coordinator any more there is no link."""
    mine = an_organisation("大队")
    served(mine, 3)
    served(an_organisation("小队"), 3)
    coordinator = a_coordinator(mine.id)
    link = a_link(client, coordinator)
    assert shown(client, link).keys() == {"大队", "合计"}

    revoke(coordinator)

    assert client.get(link["path"]).status_code == 404


def test_later_roles_of_its_maker_add_nothing_to_a_link(client: FlaskClient, admin: Actor) -> None:
    """It shows what was shared; a promotion to the whole bank does not share the bank."""
    mine, other = an_organisation("大队"), an_organisation("小队")
    for one in (mine, other):
        served(one, 3)
    coordinator = a_coordinator(mine.id)
    link = a_link(client, coordinator)

    grant(coordinator, Role.COORDINATOR, organisation_id=other.id)
    grant(coordinator, Role.ADMIN, area_path="")
    assert shown(client, link).keys() == {"大队", "合计"}

    revoke(coordinator)
    grant(coordinator, Role.COORDINATOR, organisation_id=other.id)
    assert shown(client, link).keys() == {"合计"}


def test_a_link_by_provenance_tells_no_small_one_by_its_total(client: FlaskClient, admin: Actor) -> None:
    """The provenance stands in the name of the row: the total by provenance would be the row again."""
    one, other = an_organisation("大队"), an_organisation("小队")
    served(one, 4)
    served(one, 1, Provenance.STAFF_SCAN)
    served(other, 5)
    served(other, 6, Provenance.STAFF_SCAN)

    answer = client.get(a_link(client, admin, rows="organisation,provenance")["path"]).json["items"]
    rows = {(row["organisation_name"], row["provenance_name"]): row for row in answer}

    assert {name: row["service_minutes"] for name, row in rows.items()} == {
        ("大队", "本人扫码"): None,
        ("大队", "工作人员扫码"): None,
        ("小队", "本人扫码"): 300,
        ("小队", "工作人员扫码"): 360,
        ("合计", ""): 960,
    }
    assert {row[name] for row in answer for name in ("self_scan", "staff_scan")} == {None}


def test_the_code_is_nowhere_in_the_database(client: FlaskClient, admin: Actor) -> None:
    """Only its hash is kept, as of a token."""
    link = a_link(client, admin)

    (kept,) = in_unit_of_work(lambda: list(session.scalars(select(SharedLink))), write=False)
    assert link["code"] not in str(vars(kept))


@pytest.mark.parametrize(
    "body",
    [
        {"rows": "volunteer"},
        {"measures": "new_people"},
        {"measures": "outstanding_minutes", "rows": "month"},
        {"days": 0},
        {"days": 91},
        {"reason": ""},
    ],
)
def test_what_a_link_may_not_show_is_refused(client: FlaskClient, admin: Actor, body: dict[str, Any]) -> None:
    """No list of people, no measure without small-cell rules, no link for ever, none without a reason."""
    answer = client.post(LINKS, json={"reason": "查看", **body}, headers=signed_in(admin))

    assert (answer.status_code, answer.json["code"]) == (422, "INVALID")


def test_a_link_without_records_shows_a_total_of_nought(client: FlaskClient, admin: Actor) -> None:
    """Nothing is hidden where nobody is."""
    with clock.at(NINE_O_CLOCK + timedelta(days=400)):
        link = a_link(client, admin, **{"from": "1999-01-01", "to": "1999-12-31"})
        rows = shown(client, link)

    assert {name: row["service_minutes"] for name, row in rows.items()} == {"合计": 0}

"""What is known of people stays where it belongs (rules R37, R39): a whole story, and then a search through everything.

The words below are planted in names, reasons, devices and places; afterwards every column of every table, every line of
the log, every address and every refusal is searched for them, in each spelling that a computer might give them.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

import pytest
from flask import Flask, Response, request, request_finished
from flask.testing import FlaskClient
from sqlalchemy import String, inspect

from tests.factories import kept
from tests.factories.attendance import kept_scan, minutes_past_nine
from tests.factories.documents import pdf_codes
from tests.factories.identity import a_person
from tests.factories.organisations import a_shop
from tests.factories.people import a_resident_number
from tests.factories.shop import a_clerk, some_goods
from tests.factories.supplements import a_past_shift, a_request
from tests.stories.phones import Phone, Team, the_books_agree
from timebank.commands import cli
from timebank.database import Base, db, in_unit_of_work, session
from timebank.demo.wechat import openid_of
from timebank.identity.models import Person
from timebank.ledger import proof

NAMES = ("欧阳暗号甲", "司徒暗号乙", "百里暗号丙")
GIVEN = tuple(name[2:] for name in NAMES)
"""Masked, a name keeps its first character; what follows is seen by nobody."""
TELEPHONE = "13900004711"
CONTACT = "13900005822"
DOCUMENT = a_resident_number(date(1956, 7, 21), region="440305")
SAID = f"请打 {TELEPHONE} 核实"
DEVICE = "planted-device-4711"
FOLLOWER = "planted-follower"
PLACE = {"latitude": 30.529871, "longitude": 120.681239, "accuracy_m": 7.25}
WHERE = ("30.529", "120.681")

NAMES_STAND_IN = {
    ("identity_person", "display_name"): "who somebody is",
    ("shop_intake", "donor_name"): "a donor who wants a receipt in their name",
    ("idempotent_reply", "body"): "an answer to the person themselves, kept for 72 hours to be given again",
}
TELEPHONE_STANDS_IN = {
    ("record_objection", "reason"): "the words of whoever objects",
    ("record_objection_answer", "answer"): "the words of whoever answers",
    ("correction", "reason"): "the words of whoever asks for a correction",
    ("correction_decision", "reason"): "the words of whoever approves it",
    ("service_record_revision", "reason"): "the same words, at what came of it",
    ("supplement", "reason"): "the words of whoever asks for a supplement",
    ("supplement", "evidence_note"): "what the evidence is",
    ("gift", "message"): "what one relative writes to the other",
    ("idempotent_reply", "body"): "an answer to the person themselves, kept for 72 hours to be given again",
}
CONTACT_STANDS_IN = {("people_profile", "phone"): "how to reach them, as long as they wish"}
LEFT_BEHIND = {
    ("idempotent_reply", "body"): "an answer that a relative or staff were given, for 72 hours",
    ("shop_intake", "donor_name"): "a donor who wants a receipt in their name",
}


@dataclass
class Overheard:
    """What an eavesdropper or an operator sees of requests: addresses, and the bodies of refusals."""

    addresses: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def hear(self, _app: Flask, response: Response, **_: Any) -> None:
        """Note one answered request."""
        body = response.get_data(as_text=True) if response.is_json else ""
        found = json.loads(body) if body.startswith("{") else {}
        self.addresses += [request.full_path, response.headers.get("Location", ""), str(found.get("next", ""))]
        if response.status_code >= 400:
            self.refusals.append(f"{response.headers}{body}")


@contextmanager
def overhearing(app: Flask) -> Iterator[Overheard]:
    """Listen to every request."""
    heard = Overheard()
    with request_finished.connected_to(heard.hear, app):
        yield heard


def spellings(word: str) -> set[str]:
    """Return a word as it may stand in a text: as it is, escaped in JSON, in an address, or as bytes in hex."""
    return {word, json.dumps(word)[1:-1], quote(word), word.encode().hex(), word.encode("utf-16-be").hex()}


def words_in(text: str, *words: str) -> set[str]:
    """Return which words stand in a text."""
    return {word for word in words if any(spelling in text for spelling in spellings(word))}


def every_value() -> Iterator[tuple[str, str, object]]:
    """Yield table, column and value of everything that the database holds, as it is stored."""
    connection = session.connection()
    quoted = connection.dialect.identifier_preparer.quote
    for table in inspect(connection).get_table_names():
        rows = connection.exec_driver_sql(f"SELECT * FROM {quoted(table)}")
        columns = list(rows.keys())
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                yield table, column, value


def as_text(value: object) -> str:
    """Return a stored value as a text to search; bytes as text and in hex."""
    if isinstance(value, bytes | memoryview):
        return f"{bytes(value).decode(errors='replace')} {bytes(value).hex()}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def where(*words: str) -> set[tuple[str, str]]:
    """Return in which columns any of the words stand."""

    def look() -> set[tuple[str, str]]:
        return {(table, column) for table, column, value in every_value() if words_in(as_text(value), *words)}

    return in_unit_of_work(look, write=False)


def renamed(client: FlaskClient, phone: Phone, name: str) -> Person:
    """Sign in from WeChat for the first time, and say one's name."""
    signed = client.post("/api/v1/auth/wechat", json={"code": f"demo:{FOLLOWER}"}).json
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    assert client.put("/api/v1/me/profile", json={"display_name": name}, headers=headers).status_code == 200
    person_id = UUID(signed["person"]["id"])
    found = kept(lambda: session.get_one(Person, person_id))
    assert phone.look(found, "/me")["person"]["display_name"] == name
    return found


@dataclass
class Day:
    """A day of a mother and her daughter; ``refused`` is what did not go through."""

    phone: Phone
    team: Team
    ouyang: Person
    situ: Person
    refused: list[tuple[int, str]] = field(default_factory=list)

    def morning(self) -> str:
        """Both serve, one by her phone, one by a card; what is not right is refused; return the first one's record."""
        phone, leader, shift = self.phone, self.team.leader, str(self.team.shift.id)
        own = {"location": PLACE, "device": DEVICE}
        with minutes_past_nine(0):
            code = phone.look(leader, self.team.screen)["token"]
            phone.send(self.ouyang, "/scans", token=code, **own)
            phone.send(self.ouyang, "/check-ins", token=code, **own)
            phone.send(self.team.coordinator, f"/people/{self.situ.id}/card")
            (card,) = pdf_codes(phone.print(self.team.coordinator, f"/cards.pdf?ids={self.situ.id}"))
            phone.send(leader, "/check-ins", token=card, shift_id=shift)
            self.refused += [
                phone.refused(self.ouyang, "/check-ins", token=code, location=PLACE),
                phone.refused(self.situ, "/check-ins", token=code),
                phone.refused(leader, "/check-ins", token=card, shift_id=shift),
                phone.refused(self.situ, "/check-ins", token=NAMES[0], location=PLACE | {"latitude": 91}),
                phone.refused(self.situ, "/check-ins/batch", items=[{"token": NAMES[0], "client_ref": TELEPHONE}]),
            ]
        with minutes_past_nine(60):
            code = phone.look(leader, self.team.screen)["token"]
            record: str = phone.send(self.ouyang, "/check-outs", token=code, **own)["record"]["id"]
            phone.send(leader, "/check-outs", token=card, shift_id=shift)
            phone.look(leader, f"/shifts/{shift}/presence?limit=1")
        with minutes_past_nine(70):
            later = kept_scan("check_in", phone.look(leader, self.team.screen)["token"], at=70)
        with minutes_past_nine(300):
            phone.send(self.ouyang, "/check-ins/batch", device=DEVICE, items=[later])
        return record

    def afternoon(self) -> None:
        """A donation in somebody's name, and one bottle of it goes home."""
        shop = a_shop(organisation_id=self.team.organisation.id)
        clerk = a_clerk(shop)
        with minutes_past_nine(-60):
            bottle = some_goods(price_minutes=30)
        with minutes_past_nine(310):
            lines = [{"goods_id": str(bottle.id), "quantity": 1}]
            donor = {"kind": "person", "name": NAMES[2]}
            self.phone.send(clerk, f"/sites/{shop.id}/intakes", source="donated", donor=donor, lines=lines)
            wish = {"site_id": str(shop.id), "lines": lines}
            reserved = self.phone.send(self.ouyang, "/redemptions", **wish)
            self.phone.send(clerk, f"/redemptions/{reserved['id']}/hand-over")
            self.refused.append(self.phone.refused(self.ouyang, "/redemptions", **wish | {"lines": lines * 2}))

    def next_day(self, record: str) -> None:
        """An objection, its correction and a supplement, all in people's own words."""
        phone, organisation_id = self.phone, self.team.organisation.id
        earlier = a_past_shift(organisation_id=organisation_id, days_later=-3)
        with minutes_past_nine(24 * 60):
            objection = phone.send(self.ouyang, f"/records/{record}/objections", reason=SAID)
            self.refused.append(phone.refused(self.ouyang, f"/records/{record}/objections", reason=SAID))
            answer = {"outcome": "upheld", "answer": SAID, "service_minutes": 90}
            asked = phone.send(self.team.coordinator, f"/objections/{objection['id']}/answer", **answer)
            phone.send(self.team.colleague, f"/corrections/{asked['correction_id']}/approve", reason=SAID)
            supplement = a_request(earlier, evidence_note=SAID)
            self.refused.append(phone.refused(self.situ, "/supplements", **supplement | {"reason": SAID * 100}))
            phone.send(self.ouyang, "/supplements", **supplement | {"reason": SAID})

    def at_the_desk(self) -> None:
        """The mother says how to reach her, shows her document, and is looked up; her daughter mistypes and is refused."""
        phone, mother, daughter = self.phone, self.ouyang, self.situ
        organisation_id, known = str(self.team.organisation.id), {"kind": "resident_id", "number": DOCUMENT}
        assert phone.put(mother, "/me/profile", display_name=NAMES[0], phone=CONTACT)["phone"] == CONTACT
        assert phone.put(mother, "/me/document", **known)["masked"].endswith(DOCUMENT[-4:])
        self.refused += [
            phone.refused_put(daughter, "/me/document", **known),
            phone.refused_put(daughter, "/me/document", **known | {"number": DOCUMENT[:-1] + "y"}),
            phone.refused_put(daughter, "/me/profile", display_name=NAMES[1], phone=f"{CONTACT}{NAMES[1]}"),
        ]
        desk, reason = self.team.coordinator, "通知领取证书"
        shown = phone.look(desk, f"/people/{mother.id}/profile?organisation_id={organisation_id}")
        assert (shown["display_name"], shown["phone"]) == ("欧**", "139****5822")
        wanted = {"organisation_id": organisation_id, "fields": ["name", "contact"], "reason": reason}
        asked = phone.send(desk, f"/people/{mother.id}/disclosures", **wanted)
        assert phone.send(desk, f"/disclosures/{asked['id']}/open")["contact"] == CONTACT
        assert phone.look(mother, "/me/export")["holdings"]["profile"][0]["phone"] == CONTACT

    def in_the_family(self) -> None:
        """The mother gives her daughter ten minutes, with a word."""
        phone, organisation_id = self.phone, str(self.team.organisation.id)
        with minutes_past_nine(24 * 60 + 30):
            family = {"volunteer_no": self.situ.volunteer_no, "kinship": "child", "organisation_id": organisation_id}
            relation = phone.send(self.ouyang, "/me/family", **family)["id"]
            phone.send(self.situ, f"/family/{relation}/confirm")
            phone.send(self.team.coordinator, f"/family/{relation}/verify", reason="核对户口簿原件")
            gift = phone.send(self.ouyang, "/gifts", to=relation, minutes=10, message=SAID)
            phone.send(self.situ, f"/gifts/{gift['id']}/accept")
            assert phone.look(self.situ, "/gifts")["items"][0]["message"] == SAID


COMMANDS = (["sweep"], ["notifications", "send"], ["ledger", "seal"], ["ledger", "verify"], ["shop", "audit"])


def live_through_a_day(app: Flask, client: FlaskClient, phone: Phone, team: Team) -> tuple[str, Day]:
    """Let mother and daughter live through it all, and the operator after them; return what the commands said, and them."""
    day = Day(phone, team, ouyang=renamed(client, phone, NAMES[0]), situ=a_person(NAMES[1]))
    record = day.morning()
    day.afternoon()
    day.next_day(record)
    day.at_the_desk()
    day.in_the_family()
    assert {status for status, _ in day.refused} <= {403, 409, 422}
    with minutes_past_nine(25 * 60):
        told = [app.test_cli_runner().invoke(cli, command) for command in COMMANDS]
        the_books_agree(phone, day.ouyang, day.situ)
    assert [one.exit_code for one in told] == [0] * len(COMMANDS), [one.output for one in told]
    return "".join(one.output for one in told), day


@pytest.mark.rule("R37")
@pytest.mark.rule("R39")
def test_what_is_known_of_people_stays_where_it_belongs(
    app: Flask, client: FlaskClient, phone: Phone, team: Team, capfd: pytest.CaptureFixture[str]
) -> None:
    """Names in the tables of people, words where they were said; nothing of it in ledger, logs, addresses or refusals."""
    with overhearing(app) as heard:
        commands, _ = live_through_a_day(app, client, phone, team)

    # The database: exactly the columns that are meant to hold it, and no other.
    assert where(*GIVEN) == set(NAMES_STAND_IN)
    assert where(TELEPHONE) == set(TELEPHONE_STANDS_IN)
    assert where(openid_of(FOLLOWER)) == {("identity_wechat", "openid")}
    assert where(CONTACT) == set(CONTACT_STANDS_IN)
    assert where(DEVICE, DOCUMENT, *WHERE) == set()

    # What operators, proxies and clients see.
    private = (*GIVEN, TELEPHONE, CONTACT, DOCUMENT, DEVICE, openid_of(FOLLOWER), *WHERE)
    logs = commands + "".join(capfd.readouterr())
    assert logs.count("http.request_answered") > 40
    assert words_in(logs, *private) == set()
    assert len(heard.refusals) >= 8
    assert words_in("\n".join(heard.refusals), *private) == set()
    addresses = "\n".join(unquote(address) for address in heard.addresses)
    assert words_in(addresses, *private) == set()


@pytest.mark.rule("R36")
def test_whoever_leaves_is_named_nowhere(app: Flask, client: FlaskClient, phone: Phone, team: Team) -> None:
    """The daughter leaves when nothing is open any more: her name is in no column, the books and figures are as before."""
    _, day = live_through_a_day(app, client, phone, team)
    with minutes_past_nine(25 * 60):
        before = phone.look(team.coordinator, f"/statistics/hours?organisation={team.organisation.id}")["items"]
        phone.send(day.situ, "/me/erasure", balance="donate")
    with minutes_past_nine(9 * 24 * 60):
        told = app.test_cli_runner().invoke(cli, ["sweep"])
        assert "erasures=1" in told.output, told.output
        assert proof.verify().ok
        assert phone.look(team.coordinator, f"/statistics/hours?organisation={team.organisation.id}")["items"] == before
    assert where(GIVEN[1]) <= set(LEFT_BEHIND)
    assert where(day.situ.volunteer_no) <= set(LEFT_BEHIND)


def test_the_ledger_holds_no_text(app: Flask, client: FlaskClient, phone: Phone, team: Team) -> None:
    """Ids, numbers, instants and hashes: there is no column into which a name could be written."""
    columns: dict[str, list[str]] = defaultdict(list)
    for name, table in Base.metadata.tables.items():
        if name.startswith("ledger_"):
            columns[name] = [column.name for column in table.columns if isinstance(column.type, String)]
    assert columns == {name: [] for name in inspect(db.engine).get_table_names() if name.startswith("ledger_")}

    live_through_a_day(app, client, phone, team)
    stored = [value for table, _, value in every_value() if table.startswith("ledger_") and isinstance(value, str)]
    session.rollback()
    id_or_instant = re.compile(r"[0-9a-f]{32}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?")
    assert [value for value in stored if not id_or_instant.fullmatch(value)] == []

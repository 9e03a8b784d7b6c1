"""What the bank holds about somebody: all of it, for them and nobody else."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import LargeBinary, Table

from tests.factories.calls import Caller, body_of, problem
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import earned
from tests.factories.organisations import an_organisation
from tests.factories.protection import a_guardian_of, a_minor
from tests.factories.traces import somebody_with_traces
from timebank.database import Base, new_id
from timebank.people.holdings import HOLDINGS, SECRETS, names_people

WORD = "上官暗号丁"

IS_NOT_EXPORTED = {
    "audit_note": "what staff did, for auditors; what it was about stands under its own heading",
    "file_attachment": "what a file is attached to; who has sent it is under `files`",
    "identity_document_clash": "that two accounts may be one person's: it would tell each about the other",
    "identity_refresh_token": "a proof of sign-in, by its hash; the sign-in itself is under `sessions`",
    "identity_failed_sign_in": "a keyed hash that leads to nobody, for ten minutes",
    "identity_recovery_code": "a proof of sign-in, by its hash",
    "idempotent_reply": "answers already given to them, again for 72 hours",
    "import_contact": "a keyed hash by which a roster finds them again",
    "identity_former": "which accounts of theirs were merged; the request is under `merge_requests`",
    "merge_hint": "that a binding was refused; it would tell each of two about the other",
    "ledger_account": "its lines are under `ledger`",
    "shop_collection": "who handed out goods to a proxy; the proxy is under `proxies`, the goods under `redemption_lines`",
    "used_member_code": "that a code on a screen was used, for a minute",
}
"""Tables that name a person and are not in the export, and why."""

_NAME = frozenset({"person_id", "volunteer_id", "owner_id", "proxy_id", "member_ref"})


def tables_about_people() -> dict[str, Table]:
    """Return every table that names a person: by a foreign key, or by a column that is called so."""
    return {
        name: table
        for name, table in Base.metadata.tables.items()
        if any(
            column.name in _NAME or any(key.target_fullname == "identity_person.id" for key in column.foreign_keys)
            for column in table.columns
        )
    }


@pytest.mark.rule("R39")
def test_every_table_about_people_is_exported_or_is_said_not_to_be() -> None:
    """Whoever adds a table with a person in it adds a line to ``HOLDINGS``, or a reason here."""
    held = {holding.table.name for holding in HOLDINGS}
    assert sorted({*tables_about_people()} - held - {*IS_NOT_EXPORTED}) == []
    assert sorted(held & {*IS_NOT_EXPORTED}) == []
    assert sorted({*IS_NOT_EXPORTED} - {*Base.metadata.tables}) == []
    assert len({holding.name for holding in HOLDINGS}) == len({holding.title for holding in HOLDINGS}) == len(HOLDINGS)


def test_every_column_that_names_a_person_is_known_as_such() -> None:
    """No foreign key to a person leaves as somebody else's id."""
    keys = [
        (holding, column.name)
        for holding in HOLDINGS
        for column in holding.table.columns
        if any(key.target_fullname == "identity_person.id" for key in column.foreign_keys)
    ]
    assert [(holding.name, name) for holding, name in keys if not names_people(name, holding)] == []


def test_an_export_holds_every_row_about_its_person(client: FlaskClient) -> None:
    """Each table in which they have left something, each column but secrets, and their account line by line."""
    me = somebody_with_traces(WORD)
    earned(me.id, 60)
    exported = body_of(Caller(client, me).get("/me/export"))
    assert (exported["format"], exported["person_id"]) == (1, str(me.id))
    held = exported["holdings"]
    assert {*held} == {*(holding.name for holding in HOLDINGS), "ledger", "upheld_complaints"}
    filled = {name for name, rows in held.items() if rows}
    assert filled >= {
        *("person", "profile", "document", "wechat", "sign_in", "guardians", "family", "households", "calendars"),
        *("records", "record_revisions", "certificates", "certificate_names", "gifts", "pool_applications"),
        *("pool_grants", "proxies", "free_quotas", "donations", "files", "messages", "subscriptions", "ledger"),
    }
    for holding in HOLDINGS:
        wanted = {
            column.name
            for column in holding.table.columns
            if column.name not in SECRETS and not isinstance(column.type, LargeBinary)
        }
        assert [row.keys() for row in held[holding.name] if row.keys() != wanted] == [], holding.name
    assert held["person"][0]["display_name"] == held["certificate_names"][0]["holder_name"] == WORD
    assert [line["kind"] for line in held["ledger"]] == ["earn", "earn"]
    assert (
        held["family"][0] | {"proposer_id": "self", "relative_id": "other", "decided_by": "other"} == held["family"][0]
    )


def test_nobody_else_is_in_an_export(client: FlaskClient) -> None:
    """No id of another person, no hash, no secret; and nothing of it changes by being read."""
    me = somebody_with_traces(WORD)
    other = a_person("李小红")
    answer = Caller(client, me).get("/me/export")
    theirs = Caller(client, other).get("/me/export")
    assert WORD not in theirs.text
    assert str(me.id) not in theirs.text
    for secret in (f"hash-{WORD}", me.member_ref, "password_hash", "number_hash"):
        assert secret not in answer.text
    assert Caller(client, me).get("/me/export").json["holdings"] == answer.json["holdings"]  # type: ignore[index]


def test_upheld_complaints_are_exported_without_who_complained(client: FlaskClient) -> None:
    """What for and what was answered, to whom it is about: no id, no word of whoever complained; dismissed ones are not."""
    organisation, me, complainant = an_organisation(), a_person(), a_person()
    desk = Caller(client, a_coordinator(organisation.id))
    about = {"organisation_id": str(organisation.id), "kind": "conduct", "volunteer_no": me.volunteer_no}
    for outcome in ("upheld", "dismissed"):
        made = body_of(Caller(client, complainant).post("/complaints", about | {"words": WORD}), 201)
        answer = {"outcome": outcome, "answer": f"答复 {outcome}"}
        body_of(desk.post(f"/complaints/{made['id']}/answer", answer), 201)
    exported = Caller(client, me).get("/me/export")
    [fact] = body_of(exported)["holdings"]["upheld_complaints"]
    assert (fact["kind"], fact["answer"], fact["organisation_name"]) == ("conduct", "答复 upheld", organisation.name)
    assert WORD not in exported.text
    assert str(complainant.id) not in exported.text
    with zipfile.ZipFile(io.BytesIO(Caller(client, me).get("/me/export?format=zip").data)) as archive:
        assert "查实的投诉.csv" in archive.namelist()
    assert body_of(Caller(client, complainant).get("/me/export"))["holdings"]["upheld_complaints"] == []


def test_an_export_is_a_zip_of_tables_as_well(client: FlaskClient) -> None:
    """One CSV for each thing that is there, as spreadsheets open it, with no cell that runs."""
    me = somebody_with_traces("=1+1")
    answer = Caller(client, me).get("/me/export?format=zip")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert {"账户.csv", "个人资料.csv", "服务记录.csv", "账户明细.csv"} <= {*archive.namelist()}
        person = archive.read("账户.csv")
    assert person.startswith(b"\xef\xbb\xbf")
    assert "'=1+1" in person.decode()


def test_a_guardian_takes_a_copy_for_their_ward(client: FlaskClient, app: Flask) -> None:
    """Of the child they answer for now, and of nobody else (PIPL 31)."""
    child, mother = a_minor(date(2012, 5, 1), "小明"), a_person()
    a_guardian_of(child, mother)
    exported = body_of(Caller(client, mother).get(f"/me/wards/{child.id}/export"))
    assert exported["holdings"]["person"][0]["display_name"] == "小明"
    for stranger, ward in ((a_person().id, child.id), (mother.id, new_id()), (child.id, mother.id)):
        assert problem(Caller(client, stranger).get(f"/me/wards/{ward}/export")) == (404, "NOT_FOUND")


def test_nobody_exports_a_person_who_is_not_there(client: FlaskClient, app: Flask) -> None:
    """A genuine token of nobody opens nothing; copies are limited by the hour."""
    nobody: Any = new_id()
    assert problem(Caller(client, nobody).get("/me/export")) == (404, "NOT_FOUND")
    for _ in range(5):
        Caller(client, nobody).get("/me/export")
    assert problem(Caller(client, nobody).get("/me/export")) == (429, "RATE_LIMITED")

"""Exports: registered with who and why, the same bytes again, superseded by a correction, full names for administrators."""

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.api.statistics.conftest import Bank, shanghai
from tests.factories.attendance import post_once
from tests.factories.corrections import a_correction, approved
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, grant, revoke, signed_in
from tests.factories.ledger import earned
from tests.factories.notices import policy_at
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import a_record, a_service, recorded
from tests.factories.statistics import standing
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity.audit_models import AuditNote
from timebank.identity.rules import Actor, Role
from timebank.ledger import seals

EXPORTS = "/api/v1/statistics/exports"


def export(client: FlaskClient, who: Actor, **body: Any) -> TestResponse:
    """Export something."""
    return post_once(client, "/statistics/exports", who, {"reason": "季度报表交街道", **body})


def file_of(client: FlaskClient, who: Actor, export_id: str) -> TestResponse:
    """Download the file of an export."""
    return client.get(f"{EXPORTS}/{export_id}/file", headers=signed_in(who))


def state_of(client: FlaskClient, who: Actor, export_id: str) -> str:
    """Return where an export stands."""
    found: str = client.get(f"{EXPORTS}/{export_id}", headers=signed_in(who)).json["state"]
    return found


def lines_of(answer: TestResponse) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


@pytest.mark.rule("R39")
def test_an_export_is_registered_with_all_that_it_was(client: FlaskClient, bank: Bank) -> None:
    """Who, why, what was asked, rows, sums, SHA-256 and seal: in the register and in the manifest."""
    in_unit_of_work(seals.make)
    answer = export(client, bank.admin, rows="organisation,month", format="csv", **{"from": "2026-01-01"})

    assert answer.status_code == 201, answer.json
    file = file_of(client, bank.admin, answer.json["id"])
    manifest = client.get(f"{EXPORTS}/{answer.json['id']}/manifest", headers=signed_in(bank.admin)).json
    digest = hashlib.sha256(file.data).hexdigest()
    assert (answer.json["sha256"], manifest["sha256"], file.headers["ETag"]) == (digest, digest, f'"{digest}"')
    assert (answer.json["bytes"], answer.json["rows"]) == (len(file.data), len(lines_of(file)))
    assert (answer.json["actor_id"], answer.json["reason"]) == (str(bank.admin.person_id), "季度报表交街道")
    assert (answer.json["seal_n"], manifest["seal"]["n"], answer.json["state"]) == (1, 1, "valid")
    assert answer.json["question"]["cuts"] == ["organisation", "month"]
    assert manifest["sums"]["service_minutes"] == sum(int(line["服务时长（分钟）"]) for line in lines_of(file))
    assert "filename*=UTF-8''%E5%BF%97" in file.headers["Content-Disposition"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_the_same_question_is_the_same_file(client: FlaskClient, bank: Bank, form: str) -> None:
    """Twice exported, byte for byte the same, whatever the time and the seals do in between."""
    first = export(client, bank.admin, rows="organisation", format=form).json
    in_unit_of_work(seals.make)
    second = export(client, bank.admin, rows="organisation", format=form).json

    assert first["id"] != second["id"]
    assert first["sha256"] == second["sha256"]


def test_a_replay_is_one_export(client: FlaskClient, bank: Bank) -> None:
    """The second click with the same key is answered with the first one's entry."""
    headers = signed_in(bank.admin) | {"Idempotency-Key": "one"}
    body = {"reason": "上报", "format": "csv"}
    first, second = (client.post(EXPORTS, json=body, headers=headers) for _ in range(2))

    assert first.json == second.json
    assert len(client.get(EXPORTS, headers=signed_in(bank.admin)).json["items"]) == 1


def test_a_correction_of_what_it_shows_supersedes_it(client: FlaskClient, bank: Bank) -> None:
    """The export of June is superseded when a June record is put right; those of other months and people are not."""
    june = {"from": "2026-06-01", "to": "2026-06-30", "rows": "organisation"}
    first, second = a_coordinator(bank.one.id), a_coordinator(bank.one.id)
    ids = {
        "june": export(client, bank.admin, **june).json["id"],
        "may": export(client, bank.admin, rows="month", **{"from": "2026-05-01", "to": "2026-05-31"}).json["id"],
        "own": export(client, first, **june).json["id"],
        "category": export(client, bank.admin, category="legal_aid").json["id"],
        "elsewhere": export(client, a_coordinator(bank.other.id), **june).json["id"],
    }
    a_record(organisation=bank.one, started_at=shanghai(2026, 6, 3, 9))
    admin = bank.admin
    assert {name: state_of(client, admin, one) for name, one in ids.items()} == dict.fromkeys(ids, "valid")

    record = next(one for one in standing() if one.service_minutes == 40)
    approved(second, a_correction(first, record.record_id, 39))

    states = {name: state_of(client, admin, one) for name, one in ids.items()}
    outdated = {"june": "superseded", "own": "superseded"}
    assert states == dict.fromkeys(ids, "valid") | outdated
    again = export(client, bank.admin, **june).json
    assert state_of(client, admin, again["id"]) == "valid"


def test_a_correction_that_moves_a_record_in_supersedes_too(client: FlaskClient, bank: Bank) -> None:
    """What did not show the record before would show it now."""
    august = export(client, bank.admin, rows="month", **{"from": "2026-08-01", "to": "2026-08-31"}).json["id"]
    served = a_service(
        volunteer_id=a_person().id, organisation=bank.one, started_at=shanghai(2026, 7, 31, 22), minutes=300
    )
    record = recorded(served).revision
    start = shanghai(2026, 8, 1, 0, 1)
    change = {"started_at": start, "ended_at": shanghai(2026, 8, 1, 1)}
    approved(a_coordinator(bank.one.id), a_correction(a_coordinator(bank.one.id), record.record_id, **change))

    assert state_of(client, bank.admin, august) == "superseded"


def test_a_credit_cut_by_the_storage_cap_supersedes_nothing(client: FlaskClient, bank: Bank) -> None:
    """Its second revision follows in the same moment: nobody has ever seen the first; a correction still supersedes."""
    with clock.at(shanghai(2026, 6, 20, 0)):
        a_policy("storage_cap_minutes", 6_000)
    with clock.at(shanghai(2026, 6, 21, 9)):
        rich = a_person().id
        earned(rich, 5_990)
        june = {"from": "2026-06-01", "to": "2026-06-30", "rows": "organisation"}
        before = export(client, bank.admin, **june).json["id"]
        cut = a_record(
            volunteer_id=rich,
            organisation=bank.one,
            started_at=shanghai(2026, 6, 20, 9),
            minutes=60,
            policy=policy_at(bank.one, shanghai(2026, 6, 20, 9)),
        )
        assert (cut.number, cut.credited_minutes) == (2, 10)

        assert state_of(client, bank.admin, before) == "valid"
        after = export(client, bank.admin, **june).json["id"]
        first, second = a_coordinator(bank.one.id), a_coordinator(bank.one.id)
        approved(second, a_correction(first, cut.record_id, 30))
        assert [state_of(client, bank.admin, one) for one in (before, after)] == ["superseded"] * 2


@pytest.mark.rule("R39")
def test_full_names_need_an_administrator_and_are_registered(client: FlaskClient, bank: Bank) -> None:
    """A coordinator is refused; an administrator gives a reason, and the register says that names were shown."""
    refused = export(client, a_coordinator(bank.one.id), kind="records", format="csv", unmask=True)
    assert (refused.status_code, refused.json["code"]) == (403, "UNMASK_FORBIDDEN")
    no_reason = post_once(client, "/statistics/exports", bank.admin, {"kind": "records", "unmask": True})
    assert (no_reason.status_code, no_reason.json["code"]) == (422, "INVALID")

    masked = export(client, bank.admin, kind="records", format="csv").json
    full = export(client, bank.admin, kind="records", format="csv", unmask=True).json

    assert (masked["masked"], full["masked"]) == (True, False)
    assert {line["姓名"] for line in lines_of(file_of(client, bank.admin, masked["id"]))} == {"张*", "李**", "欧**"}
    assert {"张三", "欧阳六六"} <= {line["姓名"] for line in lines_of(file_of(client, bank.admin, full["id"]))}
    auditor = a_staff_member(Role.AUDITOR, area_path="")
    assert file_of(client, auditor, masked["id"]).status_code == 200
    assert file_of(client, auditor, full["id"]).json["code"] == "UNMASK_FORBIDDEN"


def test_an_administrator_of_a_street_unmasks_only_there(client: FlaskClient, bank: Bank) -> None:
    """As a coordinator elsewhere they may read, but not with full names."""
    elsewhere = an_organisation("外地队")
    a_record(organisation=elsewhere)
    boss = an_admin(bank.street.path)
    both = Actor(boss.person_id, boss.grants)

    full = export(client, both, kind="records", format="csv", unmask=True).json

    names = {line["组织"] for line in lines_of(file_of(client, both, full["id"]))}
    assert names == {"三色堇志愿服务队", "幸福里社工站"}


@pytest.mark.rule("R39")
def test_a_file_is_for_whoever_still_reaches_what_is_in_it(client: FlaskClient, bank: Bank) -> None:
    """Full names of the whole bank are not for the administrator of one street, nor an old file for who has moved on."""
    full = export(client, bank.admin, kind="records", format="csv", unmask=True).json["id"]
    street = an_admin(bank.street.path)
    own = export(client, street, kind="records", format="csv", unmask=True).json["id"]
    grant(street, Role.AUDITOR, area_path="")
    assert file_of(client, street, full).json["code"] == "UNMASK_FORBIDDEN"
    assert file_of(client, street, own).status_code == 200
    coordinator = a_coordinator(bank.one.id)
    masked = export(client, coordinator, format="csv").json["id"]

    revoke(street)
    revoke(coordinator)
    for who in (street, coordinator):
        grant(who, Role.COORDINATOR, organisation_id=bank.other.id)

    assert (file_of(client, street, own).status_code, file_of(client, coordinator, masked).status_code) == (404, 404)
    assert client.get(f"{EXPORTS}/{masked}", headers=signed_in(coordinator)).status_code == 200
    assert file_of(client, bank.admin, own).status_code == 200


def test_downloads_are_counted(client: FlaskClient, bank: Bank) -> None:
    """Files cost more than a look: after thirty a minute they are refused, however they are asked for."""
    done = export(client, bank.admin, format="csv").json["id"]
    headers = signed_in(bank.admin)
    for address in (f"{EXPORTS}/{done}/file", "/api/v1/statistics/pivot?rows=month&cols=year&format=csv"):
        answers = [client.get(address, headers=headers).status_code for _ in range(31)]
        assert answers == [200] * 30 + [429], address


def test_the_list_of_records_has_each_once_with_real_types(client: FlaskClient, bank: Bank) -> None:
    """Dates are dates, minutes are numbers, ids are text, and no cell is a formula."""
    done = export(client, bank.admin, kind="records", format="xlsx").json
    book = openpyxl.load_workbook(io.BytesIO(file_of(client, bank.admin, done["id"]).data))

    heading, *rows = book["数据"].iter_rows(values_only=True)
    expected = {str(one.record_id): one for one in standing()}
    assert {row[0] for row in rows} == expected.keys()
    assert done["rows"] == len(rows) == len(expected)
    for row in rows:
        line = dict(zip(heading, row, strict=True))
        one = expected[line["记录编号"]]
        assert line["服务日期"].date() == one.served_on
        assert line["签到时间"].replace(tzinfo=clock.SHANGHAI) == one.started_at.replace(microsecond=0)
        assert (line["服务分钟"], line["入账分钟"]) == (one.service_minutes, one.credited_minutes)
    assert {cell.data_type for line in book["数据"].iter_rows() for cell in line} <= {"s", "n", "d"}
    assert book["数据"].freeze_panes == "A2"


def test_a_download_is_registered_as_well(client: FlaskClient, bank: Bank) -> None:
    """Whoever takes the hours as a file stands in the register."""
    coordinator = a_coordinator(bank.one.id)
    query = {"format": "xlsx", "group_by": "volunteer"}
    file = client.get("/api/v1/statistics/hours", query_string=query, headers=signed_in(coordinator))

    (entry,) = client.get(EXPORTS, headers=signed_in(coordinator)).json["items"]
    assert (entry["reason"], entry["sha256"]) == ("直接下载", hashlib.sha256(file.data).hexdigest())


def test_the_register_shows_everybody_their_own(client: FlaskClient, bank: Bank) -> None:
    """An auditor of the bank sees all of it, in pages; others see theirs, and nobody else's exists for them."""
    one, other = a_coordinator(bank.one.id), a_coordinator(bank.other.id)
    mine = export(client, one, format="csv").json["id"]
    theirs = export(client, other, format="csv").json["id"]

    listed = client.get(EXPORTS, headers=signed_in(one)).json["items"]
    assert [entry["id"] for entry in listed] == [mine]
    assert client.get(f"{EXPORTS}/{theirs}", headers=signed_in(one)).status_code == 404
    assert file_of(client, one, theirs).status_code == 404
    first = client.get(f"{EXPORTS}?limit=1", headers=signed_in(a_staff_member(Role.AUDITOR, area_path=""))).json
    assert [entry["id"] for entry in first["items"]] == [theirs]
    assert first["next"]


def test_a_file_that_was_changed_is_not_handed_out(client: FlaskClient, app: Flask, bank: Bank) -> None:
    """The register knows its hash: what is gone or altered is refused by name."""
    done = export(client, bank.admin, format="csv").json
    home: Path = app.extensions["timebank-settings"].home
    (path,) = (home / "exports" / "files").glob(f"{done['sha256']}.csv")
    path.write_bytes(path.read_bytes() + b"one more line")

    answer = file_of(client, bank.admin, done["id"])
    assert (answer.status_code, answer.json["code"]) == (410, "EXPORT_FILE_GONE")
    path.unlink()
    assert file_of(client, bank.admin, done["id"]).status_code == 410


def test_what_fails_leaves_no_file_and_no_entry(client: FlaskClient, app: Flask, bank: Bank) -> None:
    """A name that cannot be printed refuses the PDF: nothing half-done stays behind."""
    a_record(organisation=an_organisation("𠮷野队"))

    answer = export(client, bank.admin, format="pdf")

    assert (answer.status_code, answer.json["code"]) == (422, "GLYPH_MISSING")
    assert client.get(EXPORTS, headers=signed_in(bank.admin)).json["items"] == []
    assert list((app.extensions["timebank-settings"].home / "exports" / "files").iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "pivot", "rows": "month", "measures": "people"},
        {"kind": "pivot", "rows": "month", "cols": "month", "measures": "people"},
        {"kind": "pivot", "rows": "month,year", "cols": "area", "measures": "people"},
        {"kind": "pivot", "rows": "month", "cols": "area", "measures": "people,person_times"},
        {"reason": ""},
        {"kind": "secret"},
        {"unmask": "yes"},
    ],
)
def test_an_export_that_makes_no_sense_is_refused(client: FlaskClient, app: Flask, body: dict[str, Any]) -> None:
    """Half a pivot, no reason, or an unknown sort of report."""
    answer = export(client, an_admin(), **body)

    assert (answer.status_code, answer.json["code"]) == (422, "INVALID")


def test_a_pivot_and_five_societies_can_be_exported(client: FlaskClient, bank: Bank) -> None:
    """Every sort of report leaves the house in the same way."""
    pivot = export(client, bank.admin, kind="pivot", rows="month", cols="area", measures="people", format="csv")
    societies = export(client, bank.admin, kind="five_societies", format="pdf")
    records = export(client, bank.admin, kind="records", format="pdf")

    assert (pivot.status_code, societies.status_code, records.status_code) == (201, 201, 201)
    assert file_of(client, bank.admin, societies.json["id"]).data.startswith(b"%PDF")


@pytest.mark.rule("R39")
def test_each_export_is_noted(client: FlaskClient, bank: Bank) -> None:
    """With whole names as an unmasking, with its reason; fetching the file again is another one."""
    masked = export(client, bank.admin, format="csv").json
    export(client, bank.admin, format="csv", unmask=True)
    assert file_of(client, bank.admin, masked["id"]).status_code == 200
    found = session.scalars(select(AuditNote).order_by(AuditNote.noted_at, AuditNote.id)).all()

    assert [(note.verb, note.reason, note.actor_id) for note in found] == [
        ("export", "季度报表交街道", bank.admin.person_id),
        ("unmask", "季度报表交街道", bank.admin.person_id),
        ("export", None, bank.admin.person_id),
    ]

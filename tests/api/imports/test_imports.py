"""Imports through HTTP and from a terminal, and the way out and back in again."""

import csv
import io
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.factories.attendance import post_once, refusal_of
from tests.factories.identity import a_coordinator, a_staff_member, a_volunteer_actor, an_admin, signed_in
from tests.factories.imports import ACTIVITIES, HOURS, ROSTER, SHENZHEN, WHOLE_ACTIVITIES, WHOLE_ROSTER, a_csv, an_xlsx
from tests.factories.organisations import an_organisation
from timebank.activities.models import Activity
from timebank.commands import cli
from timebank.database import in_unit_of_work, session
from timebank.documents import xlsx_file
from timebank.identity import service as identity
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.imports.rules import MAX_BYTES
from timebank.organisations.models import Organisation

IMPORTS = "/api/v1/imports"


@pytest.fixture
def ours(app: Flask) -> Organisation:
    """An organisation with files to import."""
    return an_organisation("三色堇")


def send(client: FlaskClient, who: Actor, data: bytes, **asked: Any) -> TestResponse:
    """Send a raw file."""
    query = {"kind": "roster", "reason": "旧系统迁移"} | asked
    return client.post(
        IMPORTS, query_string=query, data=data, content_type="application/octet-stream", headers=signed_in(who)
    )


def exported(client: FlaskClient, who: Actor, kind: str, organisation_id: UUID, **asked: Any) -> bytes:
    """Export a file in full names that can be imported."""
    body = {
        "kind": kind,
        "reason": "交接",
        "unmask": True,
        "format": "csv",
        "organisation": str(organisation_id),
    } | asked
    answer = post_once(client, "/statistics/exports", who, body)
    assert answer.status_code == 201, answer.json
    return client.get(f"/api/v1/statistics/exports/{answer.json['id']}/file", headers=signed_in(who)).data


def people() -> int:
    """Return how many there are."""
    return in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(Person)) or 0, write=False)


def test_look_first_then_import(client: FlaskClient, ours: Organisation) -> None:
    """The check writes nothing and names each fault in two languages; the commit refuses the same; the register tells who and why."""
    coordinator, colleague, auditor = (
        a_coordinator(ours.id),
        a_coordinator(ours.id),
        a_staff_member(Role.AUDITOR, area_path=""),
    )
    stranger = a_coordinator(an_organisation().id)
    before = people()
    faulty = a_csv(ROSTER, [["V001", "张三", "", "", "", ""], ["V002", "", "1958-13-01", "", "", ""]])
    looked = send(client, coordinator, faulty, organisation=str(ours.id))
    assert looked.status_code == 200, looked.json
    assert (looked.json["lines"], looked.json["faults_total"], looked.json["entry"]) == (2, 2, None)
    assert looked.json["faults"][0] == {
        "line": 3,
        "column": "姓名",
        "code": "MISSING",
        "reason": "这一格必须填写",
        "reason_en": "This cell must be filled",
    }
    refused = send(client, coordinator, faulty, organisation=str(ours.id), mode="commit")
    assert refusal_of(refused) == (422, "IMPORT_HAS_FAULTS")
    assert [one["pointer"] for one in refused.json["errors"]] == ["/lines/3/姓名", "/lines/3/出生日期"]
    assert people() == before

    good = a_csv(ROSTER, [["V001", "张三", "", "", "", ""]])
    done = send(client, coordinator, good, organisation=str(ours.id), mode="commit").json
    again = send(client, coordinator, good, organisation=str(ours.id), mode="commit").json
    assert (done["created"], again["created"], again["unchanged"]) == (1, 0, 1)
    assert again["entry"] == done["entry"]
    entry = done["entry"]
    assert (entry["actor_id"], entry["reason"]) == (str(coordinator.person_id), "旧系统迁移")
    for who in (coordinator, colleague, auditor):
        listed = client.get(IMPORTS, query_string={"kind": "roster"}, headers=signed_in(who)).json
        assert [one["id"] for one in listed["items"]] == [entry["id"]]
        one = client.get(f"{IMPORTS}/{entry['id']}", headers=signed_in(who)).json
        assert (one["sha256"], one["waiting"]) == (done["sha256"], 0)
    assert client.get(IMPORTS, headers=signed_in(stranger)).json["items"] == []
    hidden = client.get(f"{IMPORTS}/{entry['id']}", headers=signed_in(stranger))
    assert refusal_of(hidden) == (404, "NOT_FOUND")


def test_who_may_import_what(client: FlaskClient, ours: Organisation) -> None:
    """Coordinators and administrators in their scope; another's organisation does not exist, a wrong role is told so."""
    data = a_csv(ROSTER, [["V001", "张三", "", "", "", ""]])
    asked = {"organisation": str(ours.id), "mode": "commit"}
    for who, refusal in (
        (a_volunteer_actor(), (403, "FORBIDDEN")),
        (a_staff_member(Role.AUDITOR, area_path=""), (403, "FORBIDDEN")),
        (a_coordinator(an_organisation().id), (404, "NOT_FOUND")),
    ):
        assert refusal_of(send(client, who, data, **asked)) == refusal
    sheet = a_csv(SHENZHEN, [])
    assert refusal_of(send(client, an_admin(), sheet, kind="hours")) == (422, "IMPORT_ORGANISATION_NEEDED")


def test_files_come_raw_or_in_a_form(client: FlaskClient, ours: Organisation) -> None:
    """As the part ``file`` and nothing else; what is too large or of another type is refused."""
    coordinator = a_coordinator(ours.id)
    data = an_xlsx(ROSTER, [["V001", "张三", None, None, 13800138000, None]])
    query = {"kind": "roster", "reason": "x", "organisation": str(ours.id)}

    def form(**parts: Any) -> TestResponse:
        return client.post(IMPORTS, query_string=query, data=parts, headers=signed_in(coordinator))

    assert form(file=(io.BytesIO(data), "名册.xlsx")).json["created"] == 1
    assert refusal_of(form(other=(io.BytesIO(data), "x"))) == (422, "INVALID")
    assert refusal_of(send(client, coordinator, b"%PDF-1.7", **query)) == (415, "IMPORT_TYPE_REFUSED")
    assert refusal_of(send(client, coordinator, b"x" * (MAX_BYTES + 1), **query)) == (413, "IMPORT_TOO_LARGE")
    assert refusal_of(send(client, coordinator, data, **query | {"layout": "shenzhen"})) == (
        422,
        "IMPORT_LAYOUT_UNKNOWN",
    )


FILE_OF_A_STREET = {
    "roster": (
        WHOLE_ROSTER,
        [
            ["V001", "张三", "女", "1958-03-01", "", "", "{area}", "理发、=修鞋、C/C++", "三色堇"],
            ["V002", "=1+1", "", "", "", "", "", "", "三色堇"],
            ["V003", "𠮷田·@", "男", "1990-12-31", "", "", "", "会计", "三色堇"],
        ],
    ),
    "activities": (
        WHOLE_ACTIVITIES,
        [
            ["助老理发", "为老服务", "上门理发", "{area}", "V001", "三色堇"],
            ["-护绿", "生态环保", "清洁河道和两岸", "{area}", "", "三色堇"],
        ],
    ),
    "hours": (
        HOURS,
        [
            [
                "V001",
                "张三",
                "助老理发",
                "2024-12-31",
                "2024-12-31 22:00:00",
                "2025-01-01 01:30:00",
                "200",
                "河边",
                "三色堇",
            ],
            [
                "V002",
                "=1+1",
                "-护绿",
                "2025-03-05",
                "2025-03-05 08:30:00",
                "2025-03-05 11:30:00",
                "180",
                "河边",
                "三色堇",
            ],
            [
                "V001",
                "张三",
                "-护绿",
                "2025-03-06",
                "2025-03-06 08:30:00",
                "2025-03-06 09:30:00",
                "60",
                "东岸",
                "三色堇",
            ],
        ],
    ),
}
SHEET_OF_A_STREET = [
    ["1", "V001", "张三", "助老理发", "2024/12/31", "22:00", "01:30", "3.33"],
    ["2", "V002", "=1+1", "-护绿", "2025/03/05", "08:30", "11:30", "3"],
    ["3", "V001", "张三", "-护绿", "2025/03/06", "08:30", "09:30", "1"],
]


def cells_of(data: bytes) -> list[list[str]]:
    """Return the cells of a CSV file as a spreadsheet shows them, without the apostrophe that keeps them harmless."""
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    return [[cell.removeprefix("'") for cell in row] for row in rows]


def test_out_and_in_again_is_the_same(client: FlaskClient, ours: Organisation, app: Flask) -> None:
    """Import, export, import of the export, export: the rows of the first file, byte for byte the same the second time."""
    admin, approver = an_admin(), an_admin()
    area = in_unit_of_work(lambda: session.get_one(Organisation, ours.id).area_id, write=False)
    path = next(
        one["path"]
        for one in client.get("/api/v1/areas", headers=signed_in(admin)).json["items"]
        if one["id"] == str(area)
    )
    for kind, (headings, lines) in FILE_OF_A_STREET.items():
        rows = [[cell.replace("{area}", path) for cell in line] for line in lines]
        done = send(client, admin, a_csv(headings, rows), kind=kind, mode="commit")
        assert (done.status_code, done.json.get("created")) == (200, len(rows)), done.json
        if kind == "hours":
            address = f"/imports/{done.json['entry']['id']}/approve"
            assert post_once(client, address, approver, {"reason": "已核对"}).json == {
                "approved": 3,
                "waiting": 0,
                "next": None,
            }
        first = exported(client, admin, kind, ours.id)
        assert cells_of(first) == [list(headings), *rows]
        back = send(client, admin, first, kind=kind, mode="commit").json
        assert (back["unchanged"], back["created"], back["changed"]) == (len(rows), 0, 0)
        assert exported(client, admin, kind, ours.id) == first
        sheet = exported(client, admin, kind, ours.id, format="xlsx")
        again = send(client, admin, sheet, kind=kind, mode="commit").json
        assert (again.get("unchanged"), again.get("layout")) == (len(rows), "generic"), again

    def rename() -> None:
        session.get_one(Organisation, ours.id).name = "三色堇服务队"
        session.scalars(select(Activity).where(Activity.name == "助老理发")).one().name = "上门理发"

    official = exported(client, admin, "hours", ours.id, layout="shenzhen")
    assert cells_of(official) == [list(SHENZHEN), *SHEET_OF_A_STREET]
    for data in (official, exported(client, admin, "hours", ours.id, layout="shenzhen", format="xlsx")):
        back = send(client, admin, data, kind="hours", mode="commit", organisation=str(ours.id)).json
        assert (back.get("unchanged"), back.get("layout")) == (3, "shenzhen"), back
    in_unit_of_work(rename)
    back = send(client, admin, exported(client, admin, "hours", ours.id), kind="hours").json
    assert (back["unchanged"], back["faults"]) == (3, []), "things are called what they are called today"
    cells = openpyxl.load_workbook(io.BytesIO(data))[xlsx_file.DATA_SHEET]
    assert not [cell for row in cells for cell in row if cell.data_type == "f"]


@pytest.mark.rule("R39")
def test_what_is_exported_masked_is_for_looking_at(client: FlaskClient, ours: Organisation) -> None:
    """Coordinators take masked names and no birth dates; an import of such a file names nobody."""
    coordinator = a_coordinator(ours.id)
    line = ["V001", "张三", "女", "1958-03-01", "", "13800138000", "", "理发", ""]
    send(client, coordinator, a_csv(WHOLE_ROSTER, [line]), organisation=str(ours.id), mode="commit")
    masked = exported(client, coordinator, "roster", ours.id, unmask=False)

    assert cells_of(masked)[1] == ["V001", "张*", *[""] * 6, "三色堇"]
    back = send(client, coordinator, masked).json
    assert [one["code"] for one in back["faults"]] == ["NAME_DIFFERS"]
    body = {"kind": "roster", "reason": "x", "format": "csv", "unmask": True}
    assert refusal_of(post_once(client, "/statistics/exports", coordinator, body)) == (403, "UNMASK_FORBIDDEN")
    body = {"kind": "roster", "reason": "x", "format": "pdf"}
    assert refusal_of(post_once(client, "/statistics/exports", coordinator, body)) == (422, "INVALID")


def test_from_a_terminal(app: Flask, ours: Organisation, tmp_path: Path) -> None:
    """`timebank import`: a dry run, a file with faults, a commit, and the approval by somebody else."""
    for username, who in (("shen", a_coordinator(ours.id)), ("lu", a_coordinator(ours.id))):
        person_id = who.person_id
        in_unit_of_work(
            lambda u=username, p=person_id: identity.set_password(person_id=p, username=u, password_hash="x")
        )  # type: ignore[misc]
    file = tmp_path / "file.csv"

    def run(*arguments: str, who: str = "shen") -> Any:
        return app.test_cli_runner().invoke(cli, ["import", *arguments, "--as", who, "--reason", "旧系统迁移"])

    file.write_bytes(a_csv(ROSTER, [["V001", "张三", "", "", "", "三色堇"]]))
    dry = run("roster", str(file), "--dry-run")
    assert (dry.exit_code, dry.output) == (0, "DRY RUN: lines=1 created=1 changed=0 unchanged=0 merged=0\n")
    assert run("roster", str(file)).output.startswith("OK: lines=1 created=1 changed=0 unchanged=0 merged=0 import=")
    activities = tmp_path / "activities.csv"
    activities.write_bytes(a_csv(ACTIVITIES, [["护绿", "生态环保", "清洁河道", "", "三色堇"]]))
    assert run("activities", str(activities)).exit_code == 0
    file.write_bytes(
        a_csv([*HOURS, "备注"], [["V009", "张三", "护绿", "2025-03-05", "08:30", "11:30", "", "", "三色堇", "x"]])
    )
    faulty = run("hours", str(file))
    assert faulty.exit_code == 1
    assert "line 2 志愿者编号 PERSON_UNKNOWN" in faulty.output
    assert "FAILED: lines=1 faults=1, nothing was imported" in faulty.output
    file.write_bytes(a_csv(HOURS, [["V001", "张三", "护绿", "2025-03-05", "08:30", "11:30", "", "", "三色堇"]]))
    done = run("hours", str(file))
    assert done.exit_code == 0, done.output
    entry = done.output.strip().rpartition("=")[2]
    own = run("approve", entry)
    assert own.exit_code == 1
    approved = run("approve", entry, who="lu")
    assert approved.output == "approved=1 waiting=0\n", approved.output
    assert run("roster", str(file), who="nobody").exit_code == 2

"""GET /statistics/hours: figures equal to the records to the minute, in JSON, CSV and XLSX."""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import organisations
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import an_area, an_organisation
from tests.factories.records import a_pending_record, a_record
from timebank.clock import SHANGHAI
from timebank.database import in_unit_of_work, session
from timebank.identity.rules import Role
from timebank.records import service as records
from timebank.records.models import Revision
from timebank.records.rules import Provenance

HOURS = "/api/v1/statistics/hours"


def _shanghai(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def _recomputed() -> dict[tuple[str, str], dict[str, int]]:
    """Add up the raw revisions by hand, written differently from the report on purpose."""
    latest: dict[UUID, Revision] = {}
    for revision in session.scalars(select(Revision).order_by(Revision.number)):
        latest[revision.record_id] = revision
    totals: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    people: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for revision in latest.values():
        if revision.state != "final":
            continue
        month = revision.started_at.astimezone(SHANGHAI).strftime("%Y-%m")
        group = totals[str(revision.organisation_id), month]
        people[str(revision.organisation_id), month].add(revision.volunteer_id)
        group["person_times"] += 1
        group["service_minutes"] += revision.service_minutes
        group["credited_minutes"] += revision.credited_minutes
        group[revision.provenance] += revision.service_minutes
    for key, found in people.items():
        totals[key]["people"] = len(found)
    return {key: dict(value) for key, value in totals.items()}


@pytest.fixture
def street(app: Flask) -> None:
    """Two organisations with records around every edge of the calendar, pending, approved and rejected ones."""
    one, other = an_organisation(), an_organisation()
    zhang, li = a_person().id, a_person().id
    edges = [
        _shanghai(2025, 12, 31, 23, 50),
        _shanghai(2026, 1, 1, 0, 0),
        _shanghai(2026, 1, 31, 23, 59),
        _shanghai(2026, 2, 28, 12),
        _shanghai(2028, 2, 29, 8),
        _shanghai(2026, 11, 30, 7, 59),
        _shanghai(2026, 12, 1, 0, 1),
    ]
    for index, started_at in enumerate(edges):
        a_record(volunteer_id=zhang, organisation=one, started_at=started_at, minutes=60 + index)
        a_record(
            volunteer_id=li, organisation=other, started_at=started_at, minutes=30, provenance=Provenance.STAFF_SCAN
        )
    a_record(volunteer_id=li, organisation=one, started_at=edges[0] + timedelta(hours=9), minutes=5)
    a_pending_record(volunteer_id=zhang, organisation=one)
    approved = a_pending_record(volunteer_id=li, organisation=one)
    rejected = a_pending_record(volunteer_id=a_person().id, organisation=other)
    boss = an_admin()
    in_unit_of_work(lambda: records.approve(actor=boss, record_id=approved.record_id, reason="核对过签到表"))
    in_unit_of_work(lambda: records.reject(actor=boss, record_id=rejected.record_id, reason="没有到场"))


def test_every_figure_equals_the_records(client: FlaskClient, street: None) -> None:
    """By organisation and month, every figure is what the raw revisions add up to."""
    response = client.get(HOURS, headers=signed_in(an_admin()))

    assert response.status_code == 200
    expected = _recomputed()
    found = {(item["organisation"], item["month"]): item for item in response.json["items"]}
    assert found.keys() == expected.keys()
    for key, item in found.items():
        flat = {**item, **item["by_provenance"]}
        assert {name: flat[name] for name in expected[key]} == expected[key]
        assert sum(item["by_provenance"].values()) == item["service_minutes"]
    assert response.json["next"] is None


@pytest.mark.parametrize("cuts", ["organisation", "month", "area", "activity", "volunteer", "volunteer,month"])
def test_every_cut_adds_up_to_the_same_total(client: FlaskClient, street: None, cuts: str) -> None:
    """However the hours are cut, they add up to the same minutes."""
    response = client.get(HOURS, query_string={"group_by": cuts}, headers=signed_in(an_admin()))

    assert response.status_code == 200
    total = sum(group["service_minutes"] for group in _recomputed().values())
    assert sum(item["service_minutes"] for item in response.json["items"]) == total
    assert all(cut in item for item in response.json["items"] for cut in cuts.split(","))


def test_days_are_inclusive_and_chinese(client: FlaskClient, street: None) -> None:
    """A filter takes both of its days, and midnight is Shanghai's."""
    query = {"from": "2026-01-01", "to": "2026-01-31", "group_by": "month"}
    response = client.get(HOURS, query_string=query, headers=signed_in(an_admin()))

    expected = [group for (_, month), group in _recomputed().items() if month == "2026-01"]
    assert [item["month"] for item in response.json["items"]] == ["2026-01"]
    assert response.json["items"][0]["service_minutes"] == sum(group["service_minutes"] for group in expected)


def test_names_of_volunteers_are_masked(client: FlaskClient, street: None) -> None:
    """A list by volunteer shows no full name (rule R39)."""
    response = client.get(HOURS, query_string={"group_by": "volunteer"}, headers=signed_in(an_admin()))

    assert {item["display_name"] for item in response.json["items"]} == {"王**"}


def test_a_coordinator_counts_only_their_own_organisation(client: FlaskClient, app: Flask) -> None:
    """What lies outside the caller's scope is in no figure."""
    mine, other = an_organisation(), an_organisation()
    a_record(organisation=mine, minutes=40)
    a_record(organisation=other, minutes=50)

    response = client.get(HOURS, headers=signed_in(a_coordinator(mine.id)))

    assert [item["service_minutes"] for item in response.json["items"]] == [40]
    outside = client.get(HOURS, query_string={"organisation": other.id}, headers=signed_in(a_coordinator(mine.id)))
    assert outside.json["items"] == []


def test_an_auditor_of_a_street_counts_its_organisations(client: FlaskClient, app: Flask) -> None:
    """A grant over an area counts every organisation that is registered in its subtree."""
    street = an_area()
    inside = an_organisation(area_id=an_area(parent_id=street.id).id)
    a_record(organisation=inside, minutes=40)
    a_record(minutes=50)

    response = client.get(HOURS, headers=signed_in(a_staff_member(Role.AUDITOR, area_path=street.path)))

    assert [item["service_minutes"] for item in response.json["items"]] == [40]


def test_csv_is_what_a_spreadsheet_in_china_opens(client: FlaskClient, street: None) -> None:
    """The CSV has a BOM, CRLF, Chinese headings, and the same figures as the JSON."""
    headers = signed_in(an_admin())
    items = client.get(HOURS, headers=headers).json["items"]

    response = client.get(HOURS, query_string={"format": "csv"}, headers=headers)

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.data.startswith("\ufeff组织,组织编号,月份,人数,人次,".encode())
    rows = list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))
    assert response.data.count(b"\r\n") == len(rows) + 1
    assert [int(row["服务时长（分钟）"]) for row in rows] == [item["service_minutes"] for item in items]
    assert [row["月份"] for row in rows] == [item["month"] for item in items]


NASTY = (
    '=HYPERLINK("x")',
    "+86",
    "-1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "＝1+1",
    "\u202e=1\u202c",
    "\u200f王",
    "𠮷𩸽",
    "=\n1",
    'a,"b',
)


def test_a_name_that_looks_like_a_formula_stays_text(client: FlaskClient, app: Flask) -> None:
    """Organisations called like formulas, with tabs, marks of direction or characters of four bytes: text in CSV and XLSX."""
    for name in NASTY:
        a_record(organisation=organisations.an_organisation(name))
    headers = signed_in(an_admin())
    text, sheet = (client.get(HOURS, query_string={"format": form}, headers=headers).data for form in ("csv", "xlsx"))

    _, *rows = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
    assert sorted(row[0].removeprefix("'") for row in rows) == sorted(NASTY)
    assert [row[0] for row in rows if row[0].lstrip().startswith(("=", "+", "-", "@", "＝"))] == []
    cells = [row[0] for row in openpyxl.load_workbook(io.BytesIO(sheet)).worksheets[0].iter_rows(min_row=2)]
    assert sorted(str(cell.value) for cell in cells) == sorted(NASTY)
    assert {cell.data_type for cell in cells} == {"s"}


def test_xlsx_has_the_same_figures_with_real_types(client: FlaskClient, street: None) -> None:
    """The XLSX reads back with numbers as numbers, ids as text, no formula, and a sheet of definitions."""
    headers = signed_in(an_admin())
    items = client.get(HOURS, headers=headers).json["items"]

    response = client.get(HOURS, query_string={"format": "xlsx"}, headers=headers)

    book = openpyxl.load_workbook(io.BytesIO(response.data))
    assert book.sheetnames == ["数据", "说明"]
    heading, *rows = book["数据"].iter_rows(values_only=True)
    minutes = heading.index("服务时长（分钟）")
    assert [row[minutes] for row in rows] == [item["service_minutes"] for item in items]
    assert {cell.data_type for line in book["数据"].iter_rows() for cell in line} <= {"s", "n"}
    assert [row[1] for row in rows] == [item["organisation"] for item in items]


def test_the_same_question_gives_the_same_bytes(client: FlaskClient, street: None) -> None:
    """The same filter over the same data is the same file, byte for byte."""
    headers = signed_in(an_admin())

    for form in ("csv", "xlsx"):
        first, second = (client.get(HOURS, query_string={"format": form}, headers=headers).data for _ in range(2))
        assert first == second


@pytest.mark.parametrize(
    "query",
    [
        {"group_by": "organisation,organisation"},
        {"group_by": "colour"},
        {"group_by": ""},
        {"from": "2026-02-30"},
        {"from": "2026-02-02", "to": "2026-02-01"},
        {"format": "pdf"},
        {"area": "here"},
        {"colour": "red"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client: FlaskClient, app: Flask, query: dict[str, str]) -> None:
    """An unknown cut, day, form or field is a coded refusal."""
    response = client.get(HOURS, query_string=query, headers=signed_in(an_admin()))

    assert (response.status_code, response.json["code"]) == (422, "INVALID")


def test_an_unknown_area_is_not_found(client: FlaskClient, app: Flask) -> None:
    """An area that does not exist is a 404, not an empty table."""
    response = client.get(HOURS, query_string={"area": a_person().id}, headers=signed_in(an_admin()))

    assert response.status_code == 404


def test_a_subtree_is_counted_with_its_grids(client: FlaskClient, app: Flask) -> None:
    """Asked for an area, the report takes everything below it and nothing beside it."""
    street = an_area(code="0573")
    below = an_area(parent_id=street.id, code="01")  # the records of these tests lie in 0573.01
    beside = an_area(parent_id=street.id, code="012")
    a_record(minutes=40)

    for area, minutes in ((street, [40]), (below, [40]), (beside, [])):
        response = client.get(HOURS, query_string={"area": area.id}, headers=signed_in(an_admin()))
        assert [item["service_minutes"] for item in response.json["items"]] == minutes


def test_a_volunteer_may_not_read_statistics(client: FlaskClient, app: Flask) -> None:
    """Figures are for coordinators, auditors and administrators."""
    response = client.get(HOURS, headers=signed_in(a_person()))

    assert (response.status_code, response.json["code"]) == (403, "FORBIDDEN")

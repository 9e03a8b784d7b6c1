"""GET /statistics/report: every cut, every measure, and every figure what the raw revisions add up to."""

import csv
import io
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.api.statistics.conftest import PROVENANCES, REPORT, Bank, asked, names_of_activities, shanghai
from tests.factories.activities import a_shift, a_sign_up, an_activity
from tests.factories.attendance import checked_in
from tests.factories.corrections import a_correction, approved
from tests.factories.documents import pdf_texts
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.notices import policy_at
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import a_record, a_service, recorded
from tests.factories.statistics import key_of, month_of, newcomers, standing, totals, waits
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.identity.rules import Role
from timebank.ledger.models import Account, Entry
from timebank.organisations.models import Organisation
from timebank.statistics.rules import Cut


@pytest.mark.parametrize("cut", list(Cut))
def test_every_figure_equals_the_raw_revisions(client: FlaskClient, bank: Bank, cut: str) -> None:
    """By every cut: people, new people, person-times, minutes by provenance, credits, and how long approvals took."""
    measures = "people,new_people,person_times,service_minutes,credited_minutes,approvals,approval_days"
    key = key_of(cut, names_of_activities())
    expected = totals(key)
    records = standing()
    new = newcomers(records)
    approvals: dict[str, list[float]] = defaultdict(list)
    took = waits()
    for one in records:
        if one.record_id in new:
            expected[key(one)]["new_people"] = expected[key(one)].get("new_people", 0) + 1
        if one.id in took:
            approvals[key(one)].append(took[one.id] / 86_400)

    rows = {row[cut]: row for row in asked(client, bank.admin, rows=cut, measures=measures)}

    assert rows.keys() == expected.keys()
    for name, group in expected.items():
        for measure in ("people", "new_people", "person_times", "service_minutes", "credited_minutes", *PROVENANCES):
            assert rows[name][measure] == group.get(measure, 0), (name, measure)
        days = approvals[name]
        assert rows[name]["approvals"] == len(days)
        assert rows[name]["approval_days"] == (round(sum(days) / len(days), 1) if days else None)


@pytest.mark.parametrize(
    "days",
    [
        ("2025-12-31", "2025-12-31"),
        ("2026-01-01", "2026-01-31"),
        ("2026-02-01", "2026-02-28"),
        ("2028-02-29", "2028-02-29"),
        ("2028-02-01", "2028-02-29"),
        ("2026-03-31", "2026-04-01"),
        ("2026-06-01", "2026-06-30"),
        ("2026-07-01", "2026-07-31"),
        ("2026-11-30", "2026-12-01"),
    ],
)
def test_every_edge_of_the_calendar_is_exact(client: FlaskClient, bank: Bank, days: tuple[str, str]) -> None:
    """Year ends, midnight, month ends, the leap day, and a correction from June to July: counted on their Chinese day."""
    first, last = map(date.fromisoformat, days)
    inside = [one for one in standing() if first <= clock.day_of(one.started_at) <= last]
    expected = totals(lambda one: str(one.organisation_id), inside)

    rows = asked(
        client, bank.admin, rows="organisation", measures="service_minutes,people", **{"from": days[0], "to": days[1]}
    )

    assert {row["organisation"]: (row["service_minutes"], row["people"]) for row in rows} == {
        name: (group["service_minutes"], group["people"]) for name, group in expected.items()
    }


def test_a_correction_across_months_moves_the_minutes(client: FlaskClient, bank: Bank) -> None:
    """What was put right to July is in July and no more in June, in the summary as in the records."""
    rows = {
        row["month"]: row["service_minutes"]
        for row in asked(client, bank.admin, rows="month", measures="service_minutes")
    }

    assert (rows["2026-06"], rows["2026-07"]) == (40, 75)
    assert "2026-05" not in rows  # the only record of May was annulled


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_areas_are_added_up_at_any_level(client: FlaskClient, bank: Bank, level: int) -> None:
    """At the level of a street, a grid's people and minutes are the street's, and nobody is counted twice."""
    people: dict[str, set[UUID]] = defaultdict(set)
    for one in standing():
        people[".".join(one.area_path.split(".")[:level])].add(one.volunteer_id)

    rows = asked(client, bank.admin, rows="area", measures="people,service_minutes", level=str(level))

    assert {row["area"]: row["people"] for row in rows} == {path: len(who) for path, who in people.items()}
    minutes = sum(one.service_minutes for one in standing())
    assert sum(row["service_minutes"] for row in rows) == minutes


def test_a_filter_by_category_and_activity_counts_only_these(client: FlaskClient, bank: Bank) -> None:
    """Both come from the activity, whatever else is asked."""
    activities = names_of_activities()
    law = next(key for key, name in activities.items() if name == "法律咨询")
    minutes = sum(one.service_minutes for one in standing() if one.activity_id == law)

    for query in ({"category": "legal_aid"}, {"activity": str(law)}):
        rows = asked(client, bank.admin, rows="year", measures="service_minutes,people", **query)
        assert sum(row["service_minutes"] for row in rows) == minutes


def test_a_coordinator_sees_only_their_own(client: FlaskClient, bank: Bank) -> None:
    """Another organisation's figures do not exist for them, summed or listed."""
    minutes = sum(one.service_minutes for one in standing() if one.organisation_id == bank.one.id)

    rows = asked(client, a_coordinator(bank.one.id), rows="organisation")

    assert [(row["organisation"], row["service_minutes"]) for row in rows] == [(str(bank.one.id), minutes)]


@pytest.mark.rule("R39")
def test_names_are_masked(client: FlaskClient, bank: Bank) -> None:
    """A list by volunteer shows the first character only."""
    rows = asked(client, bank.admin, rows="volunteer")

    assert {row["display_name"] for row in rows} == {"张*", "李**", "欧**"}


def test_who_did_not_come_is_counted(client: FlaskClient, bank: Bank) -> None:
    """Of four places two were not used; a withdrawn one and a shift that still runs do not count."""
    begins = shanghai(2026, 11, 3, 9)
    activity = an_activity("助老理发", organisation_id=bank.one.id)
    shift = a_shift(activity_id=activity.id, starts_at=begins, ends_at=begins + timedelta(hours=3))
    came, scanned_late, missed, ill = (a_person().id for _ in range(4))
    with clock.at(begins - timedelta(minutes=30)):
        for one in (came, scanned_late, missed, ill):
            a_sign_up(shift.id, one)
    with clock.at(begins):
        for one in (came, scanned_late):
            checked_in(one, shift)
    query = {"rows": "organisation,month", "measures": "sign_ups,no_shows,no_show_percent"}

    with clock.at(begins + timedelta(hours=1)):
        assert asked(client, bank.admin, **query) == []
    with clock.at(begins + timedelta(hours=4)):
        (row,) = asked(client, bank.admin, **query)

    assert (row["sign_ups"], row["no_shows"], row["no_show_percent"]) == (4, 2, 50.0)
    assert (row["organisation"], row["month"]) == (str(bank.one.id), "2026-11")


def test_balances_at_the_end_of_each_month_are_the_ledger_s(client: FlaskClient, bank: Bank) -> None:
    """Outstanding is what all wallets held at the end; by month it is carried on."""
    held = in_unit_of_work(
        lambda: session.scalar(select(func.sum(Entry.minutes)).join(Account, Account.id == Entry.account_id)),
        write=False,
    )
    rows = asked(client, bank.admin, rows="month", measures="service_minutes,outstanding_minutes,expired_minutes")
    last = max(rows, key=lambda row: row["month"])

    assert last["outstanding_minutes"] == held
    assert sum(row["expired_minutes"] for row in rows) == 0
    query = {"rows": "month", "measures": "outstanding_minutes"}
    assert [row["outstanding_minutes"] for row in asked(client, bank.admin, **query)][-1:] == [held]
    assert asked(client, bank.admin, **query, **{"from": "2100-01-01"}) == []
    by_person = asked(client, bank.admin, rows="volunteer", measures="outstanding_minutes")
    assert sum(row["outstanding_minutes"] for row in by_person) == held


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"rows": "organisation", "measures": "outstanding_minutes"}, "MEASURE_NOT_CUT"),
        ({"rows": "activity", "measures": "redeemed_minutes"}, "MEASURE_NOT_CUT"),
        ({"rows": "month", "measures": "expired_minutes", "category": "legal_aid"}, "MEASURE_NOT_CUT"),
        ({"rows": "month", "measures": "love"}, "INVALID"),
        ({"rows": "month", "measures": "people,people"}, "INVALID"),
        ({"rows": "colour"}, "INVALID"),
        ({"rows": "month", "format": "doc"}, "INVALID"),
        ({"rows": "area", "level": "5"}, "INVALID"),
        ({"rows": "month", "category": "office"}, "INVALID"),
    ],
)
def test_what_makes_no_sense_is_refused(client: FlaskClient, app: Flask, query: dict[str, str], code: str) -> None:
    """A balance has no organisation, and a colour is no cut."""
    response = client.get(REPORT, query_string=query, headers=signed_in(an_admin()))

    assert (response.status_code, response.json["code"]) == (422, code)


def test_balances_are_for_whoever_answers_for_the_whole_bank(client: FlaskClient, bank: Bank) -> None:
    """A coordinator, or the auditor of a street, is told that there is no part of them."""
    query = {"rows": "month", "measures": "outstanding_minutes"}
    for who in (a_coordinator(bank.one.id), a_staff_member(Role.AUDITOR, area_path=bank.street.path)):
        response = client.get(REPORT, query_string=query, headers=signed_in(who))
        assert (response.status_code, response.json["code"]) == (403, "BANK_WIDE_ONLY")


def test_all_forms_show_the_same(client: FlaskClient, bank: Bank) -> None:
    """JSON, CSV, XLSX and PDF never disagree, and each is the same file when it is asked for again."""
    query = {"rows": "organisation,month", "measures": "people,service_minutes"}
    rows = asked(client, bank.admin, **query)
    files: dict[str, bytes] = {}
    for form in ("csv", "xlsx", "pdf"):
        answers = [
            client.get(REPORT, query_string={**query, "format": form}, headers=signed_in(bank.admin)) for _ in range(2)
        ]
        assert answers[0].status_code == 200, answers[0].data
        files[form] = answers[0].data
        assert files[form] == answers[1].data

    minutes = [row["service_minutes"] for row in rows]
    lines = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig"), newline="")))
    assert [int(line["服务时长（分钟）"]) for line in lines] == minutes
    heading, *cells = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))["数据"].iter_rows(values_only=True)
    assert [row[heading.index("服务时长（分钟）")] for row in cells] == minutes
    text = "".join(pdf_texts(files["pdf"]))
    assert "志愿服务统计" in text
    assert all(f"{value:,}" in text for value in minutes)


def test_a_report_says_what_it_was_made_of(client: FlaskClient, bank: Bank) -> None:
    """Filters, time zone, versions of the rules, columns with their definitions, and a checksum of the figures."""
    query = {"rows": "month", "from": "2026-01-01", "area": str(bank.street.id)}
    first, second = (client.get(REPORT, query_string=query, headers=signed_in(bank.admin)).json for _ in range(2))

    assert first["checksum"] == second["checksum"]
    assert (first["time_zone"], first["policy_numbers"], first["seal"]) == ("Asia/Shanghai (UTC+8)", [0], None)
    assert first["filters"]["区域"] == bank.street.path
    assert first["columns"][0] == {
        "name": "month",
        "title": "月份",
        "type": "text",
        "definition": "签到当天所在的月份，北京时间",
    }


def test_a_rule_whose_every_record_was_annulled_made_nothing(client: FlaskClient, bank: Bank) -> None:
    """The version of the rules stays in the summary with nought; it is not among those that made the figures."""
    with clock.at(shanghai(2026, 8, 1, 0)):
        version = a_policy("daily_review_minutes", 600).number
    with clock.at(shanghai(2026, 8, 3, 9)):
        at = shanghai(2026, 8, 2, 9)
        record = a_record(organisation=bank.one, started_at=at, policy=policy_at(bank.one, at))
        query = {"rows": "month", "measures": "service_minutes"}
        before = client.get(REPORT, query_string=query, headers=signed_in(bank.admin)).json["policy_numbers"]
        approved(a_coordinator(bank.one.id), a_correction(a_coordinator(bank.one.id), record.record_id, 0))
        after = client.get(REPORT, query_string=query, headers=signed_in(bank.admin)).json["policy_numbers"]

    assert (before, after) == ([0, version], [0])


def test_a_pivot_that_no_paper_is_wide_enough_for_is_refused(client: FlaskClient, bank: Bank) -> None:
    """Twenty-five columns can be read on a screen; on paper they would be a smear."""
    for day in range(1, 25):
        activity = an_activity(f"活动{day}", organisation_id=bank.one.id)
        served = a_service(organisation=bank.one, started_at=shanghai(2026, 9, day, 9), volunteer_id=bank.people[0])
        recorded(replace(served, activity_id=activity.id))
    query = {"rows": "year", "cols": "activity", "measure": "people", "from": "2026-09-01", "to": "2026-09-30"}
    path = "/api/v1/statistics/pivot"

    answers = {
        form: client.get(path, query_string={**query, "format": form}, headers=signed_in(bank.admin))
        for form in ("pdf", "csv")
    }

    assert (answers["pdf"].status_code, answers["pdf"].json["code"]) == (422, "DOCUMENT_TOO_WIDE")
    assert answers["pdf"].json["context"] == {"columns": 26, "most": 24}
    assert answers["csv"].status_code == 200


def test_a_wide_question_without_records_is_an_empty_table(client: FlaskClient, bank: Bank) -> None:
    """An organisation without records is no row."""
    assert asked(client, a_coordinator(an_organisation().id), rows="month") == []


def test_names_on_no_list_are_those_on_the_records(client: FlaskClient, bank: Bank) -> None:
    """An activity that was never planned here is called what its records call it, and its category is unknown."""
    record = a_record(organisation=in_unit_of_work(lambda: session.get_one(Organisation, bank.other.id), write=False))

    rows = {row["activity"]: row for row in asked(client, bank.admin, rows="activity,category")}

    assert (rows[str(record.activity_id)]["activity_name"], rows[str(record.activity_id)]["category_name"]) == (
        "社区食堂帮厨",
        "（未登记）",
    )
    assert month_of(record) == "2026-11"

"""Pivots, 五社联动 and pictures: the same figures in other shapes."""

import re
from collections import defaultdict
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.statistics.conftest import Bank
from tests.factories.documents import pdf_texts
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import a_shop, an_area
from tests.factories.records import a_service, recorded
from tests.factories.shop import a_lot, some_goods
from tests.factories.statistics import month_of, standing

PIVOT = "/api/v1/statistics/pivot"
SOCIETIES = "/api/v1/statistics/five-societies"


def pivot(client: FlaskClient, bank: Bank, **query: str) -> dict[str, Any]:
    """Return a pivot."""
    response = client.get(PIVOT, query_string=query, headers=signed_in(bank.admin))
    assert response.status_code == 200, response.json
    found: dict[str, Any] = response.json
    return found


def test_a_pivot_of_minutes_is_split_by_provenance_in_every_cell(client: FlaskClient, bank: Bank) -> None:
    """Organisations down, months across; cells, totals and splits are what the records add up to."""
    expected: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in standing():
        expected[str(one.organisation_id), month_of(one)][one.provenance] += one.service_minutes

    found = pivot(client, bank, rows="organisation", cols="month")

    for row, cells in zip(found["rows"], found["cells"], strict=True):
        for column, cell in zip(found["cols"], cells, strict=True):
            split = expected.get((row["organisation"], column["month"]), {})
            assert cell["value"] == sum(split.values())
            assert {name: minutes for name, minutes in cell["by_provenance"].items() if minutes} == dict(split)
    assert found["total"]["value"] == sum(one.service_minutes for one in standing())
    assert found["items"][-1]["organisation_name"] == "合计"
    assert found["items"][-1]["total"] == found["total"]["value"]


def test_the_total_of_people_is_counted_and_not_added(client: FlaskClient, bank: Bank) -> None:
    """Somebody who serves in two months and at two organisations is one person in every total."""
    found = pivot(client, bank, rows="organisation", cols="year", measure="people")

    at: dict[str, set[UUID]] = defaultdict(set)
    for one in standing():
        at[str(one.organisation_id)].add(one.volunteer_id)
    totals = {item["organisation"]: item["total"] for item in found["items"][:-1]}
    assert totals == {name: len(people) for name, people in at.items()}
    assert found["total"]["value"] == len(set.union(*at.values())) < sum(totals.values())


@pytest.mark.parametrize(
    "query",
    [
        {"rows": "month", "cols": "month"},
        {"rows": "month"},
        {"rows": "month", "cols": "volunteer"},
        {"rows": "month,year", "cols": "area"},
    ],
)
def test_a_pivot_has_two_cuts(client: FlaskClient, app: Flask, query: dict[str, str]) -> None:
    """Twice the same, one only, a column a person, or two at once are refused."""
    response = client.get(PIVOT, query_string=query, headers=signed_in(an_admin()))

    assert (response.status_code, response.json["code"]) == (422, "INVALID")


def test_a_pivot_of_nothing_is_empty(client: FlaskClient, bank: Bank) -> None:
    """In a year without records there is a total of nought."""
    found = pivot(client, bank, rows="organisation", cols="month", **{"from": "1999-01-01", "to": "1999-12-31"})

    assert (found["rows"], found["cols"], found["total"]["value"]) == ([], [], 0)


def test_a_pivot_is_a_file_as_well(client: FlaskClient, bank: Bank) -> None:
    """As CSV it has a column a month and the totals."""
    query = {"rows": "organisation", "cols": "quarter", "format": "csv"}
    response = client.get(PIVOT, query_string=query, headers=signed_in(bank.admin))

    heading = response.data.decode("utf-8-sig").splitlines()[0]
    assert heading == (
        "组织,组织编号,2025-Q4,2026-Q1,2026-Q2,2026-Q3,2026-Q4,2028-Q1,合计,其中本人扫码,其中工作人员扫码,其中补录,其中导入"
    )


def test_five_societies_work_together_in_each_community(client: FlaskClient, bank: Bank) -> None:
    """Organisations, social workers, volunteers, minutes and what was given and handed out, community by community."""
    shop = a_shop(organisation_id=bank.one.id)
    a_lot(some_goods().id, shop.id, 12, fair_value_fen=250)
    by_area: dict[str, list[Any]] = defaultdict(list)
    for one in standing():
        by_area[".".join(one.area_path.split(".")[:3])].append(one)

    response = client.get(SOCIETIES, headers=signed_in(bank.admin))

    rows = {row["area"]: row for row in response.json["items"]}
    assert rows.keys() == by_area.keys()
    for area, records in by_area.items():
        assert rows[area]["organisations"] == len({one.organisation_id for one in records})
        assert rows[area]["social_workers"] == len({one.leader_id for one in records} - {None})
        assert rows[area]["people"] == len({one.volunteer_id for one in records})
        assert rows[area]["service_minutes"] == sum(one.service_minutes for one in records)
    given = {row["area_name"]: (row["donated_pieces"], row["donated_value_fen"]) for row in rows.values()}
    assert given["西山社区"] == (12, 3_000)
    assert sum(pieces for pieces, _ in given.values()) == 12


def test_five_societies_are_a_page_as_well(client: FlaskClient, bank: Bank) -> None:
    """The same figures under five headings, every name escaped, nothing that runs or comes from elsewhere."""
    area = an_area("<script>西山</script>&社区", parent_id=bank.street.id)
    served = a_service(volunteer_id=bank.people[0], organisation=bank.one, minutes=77)
    recorded(replace(served, area_id=area.id, area_path=area.path))
    headers = signed_in(bank.admin)
    rows = client.get(SOCIETIES, headers=headers).json["items"]

    answer = client.get(f"{SOCIETIES}?format=html", headers=headers)

    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    heads = re.findall(r'scope="colgroup" colspan="(\d+)">([^<]*)<', answer.text)
    assert [name for _, name in heads] == ["社区", "社会组织", "社会工作者", "社区志愿者", "社会慈善资源"]
    assert sum(int(width) for width, _ in heads) == answer.text.count('scope="col"') == len(rows[0])
    cells = re.findall(r'<td class="number"[^>]*>([^<]*)</td>', answer.text)
    numbers = [f"{value:,}" for row in rows for value in row.values() if isinstance(value, int)]
    assert cells == numbers
    assert "&lt;script&gt;西山&lt;/script&gt;&amp;社区" in answer.text
    assert "<script" not in answer.text
    assert client.get(f"{SOCIETIES}?format=html", headers=signed_in(a_person())).status_code == 403


def test_five_societies_of_a_coordinator_are_their_own(client: FlaskClient, bank: Bank) -> None:
    """What other organisations do is not theirs to see."""
    response = client.get(SOCIETIES, headers=signed_in(a_coordinator(bank.other.id)))

    assert [row["organisations"] for row in response.json["items"]] == [1] * len(response.json["items"])
    assert sum(row["service_minutes"] for row in response.json["items"]) == sum(
        one.service_minutes for one in standing() if one.organisation_id == bank.other.id
    )


@pytest.mark.parametrize("chart", ["month", "area", "provenance"])
def test_a_picture_is_drawn_with_numbers_and_names(client: FlaskClient, bank: Bank, chart: str) -> None:
    """SVG with Chinese text as text, the same every time, readable without colour: numbers and patterns."""
    address = f"/api/v1/statistics/charts/{chart}"
    first, second = (client.get(address, headers=signed_in(bank.admin)) for _ in range(2))

    assert (first.status_code, first.content_type) == (200, "image/svg+xml; charset=utf-8")
    assert first.data == second.data
    texts = set(re.findall(r"<text [^>]*>([^<]*)</text>", first.text))
    expected = {"month": "2026-01", "area": "第一网格", "provenance": "工作人员扫码"}[chart]
    assert {expected, "单位：分钟"} <= texts
    if chart == "provenance":
        whole = sum(one.service_minutes for one in standing())
        self_scanned = sum(one.service_minutes for one in standing() if one.provenance == "self_scan")
        assert f"{self_scanned:,}（{100 * self_scanned / whole:.1f}%）" in texts


def test_pictures_of_nothing_are_pictures(client: FlaskClient, bank: Bank) -> None:
    """A year without records has an empty chart and not a fault."""
    for chart in ("month", "area", "provenance"):
        query = {"from": "1999-01-01", "to": "1999-12-31"}
        response = client.get(f"/api/v1/statistics/charts/{chart}", query_string=query, headers=signed_in(bank.admin))
        assert response.status_code == 200


def test_pictures_are_in_the_pdf(client: FlaskClient, bank: Bank) -> None:
    """The report by month and area carries all three, with text that can be searched."""
    query = {"rows": "month,area", "measures": "service_minutes", "format": "pdf"}
    response = client.get("/api/v1/statistics/report", query_string=query, headers=signed_in(bank.admin))

    text = "".join(pdf_texts(response.data))
    for title in ("各月服务时长（按来源）", "各区域服务时长", "服务时长的来源"):
        assert title in text


def test_a_volunteer_sees_none_of_it(client: FlaskClient, app: Flask) -> None:
    """Figures are for coordinators, auditors and administrators."""
    for address in (PIVOT, SOCIETIES, "/api/v1/statistics/charts/month", "/api/v1/statistics/report"):
        assert client.get(address, headers=signed_in(a_person())).status_code == 403

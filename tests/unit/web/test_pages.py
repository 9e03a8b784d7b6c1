"""Keyset pages."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person
from timebank.web.schemas import MAX_PAGE

LIST = "/api/v1/sample/people"
START = datetime(2026, 1, 1, tzinfo=UTC)


def keep(*names: str) -> None:
    """Replace everybody by people of these names, two of whom came in the same instant."""

    def work() -> None:
        session.execute(delete(Person))
        for index, name in enumerate(names):
            mark = f"{index:08}"
            at = START + timedelta(microseconds=index // 2)
            session.add(
                Person(
                    id=new_id(), volunteer_no=mark, member_ref=mark, display_name=name, state="active", created_at=at
                )
            )

    in_unit_of_work(work)


def walk(web: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    """Return the items of all pages, following ``next`` as it is given."""
    answer = web.get(LIST, query_string=query)
    items = answer.json["items"]
    while answer.json["next"]:
        assert len(answer.json["items"]) == query["limit"]
        answer = web.get(answer.json["next"])
        items += answer.json["items"]
    return items


@pytest.mark.parametrize("order", ["display_name", "created_at", "id"])
@pytest.mark.parametrize("newest", ["false", "true"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_show_everyone_once_and_in_order(web: FlaskClient, order: str, newest: str, limit: int) -> None:
    """Pages of any size, over names and instants that several people share, are the whole list in its order."""
    keep("张", "张", "张", "李", "李", "王", "\u3000全角 空格")
    whole = web.get(LIST, query_string={"order": order, "newest": newest}).json["items"]

    assert len(whole) == 7
    assert walk(web, order=order, newest=newest, limit=limit) == whole


def test_rows_page_as_entities_do(web: FlaskClient) -> None:
    """A statement of columns is paged by the columns of its rows."""
    keep("a", "b", "b", "c")

    assert [item["display_name"] for item in walk(web, rows="true", limit=1)] == ["a", "b", "b", "c"]


def test_who_is_added_meanwhile_shifts_nothing(web: FlaskClient) -> None:
    """Between two pages somebody comes first; nobody is shown twice or left out."""
    keep("b", "c", "d")
    first = web.get(LIST, query_string={"limit": 2}).json
    in_unit_of_work(
        lambda: session.add(
            Person(id=new_id(), volunteer_no="x", member_ref="x", display_name="a", state="active", created_at=START)
        )
    )

    assert [item["display_name"] for item in web.get(first["next"]).json["items"]] == ["d"]


def test_the_longest_name_fits_into_a_cursor(web: FlaskClient) -> None:
    """A cursor that the list gave out is taken back, whatever the name in it."""
    keep("👵" * 60, "👵" * 60)

    assert len(walk(web, limit=1)) == 2


def test_the_next_page_keeps_the_rest_of_the_query(web: FlaskClient) -> None:
    """The address of the next page repeats order and limit, and names the cursor once."""
    keep("a", "b", "c")
    second = web.get(web.get(LIST, query_string={"limit": 1, "order": "created_at"}).json["next"]).json
    query = parse_qs(urlsplit(second["next"]).query)

    assert (query["limit"], query["order"], len(query["after"])) == (["1"], ["created_at"], 1)


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1, "x", "1.0", "9" * 30])
def test_a_limit_out_of_range_is_refused(web: FlaskClient, limit: Any) -> None:
    """Nobody gets an empty or an endless page."""
    answer = web.get(LIST, query_string={"limit": limit})

    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/query/limit")


def cursor(value: Any) -> str:
    """Return what a cursor holding ``value`` looks like."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


A_ID = "01890000-0000-7000-8000-000000000000"
BAD = [
    "", "x", "%", "null", "你好", "====", cursor(None), cursor({}), cursor([]), cursor("ab"), cursor(["a"]),
    cursor(["a", A_ID, 1]), cursor(["a", None]), cursor(["a", 5]), cursor(["a", ["b"]]), cursor(["a", "no id"]),
    cursor([5, A_ID]), cursor([True, A_ID]), cursor([{}, A_ID]), cursor(["\x00", A_ID]), cursor(["\ud800", A_ID]),
    "W" * 40, base64.urlsafe_b64encode(b"\xff\xfe").decode(), base64.urlsafe_b64encode(b"[" * 1400).decode(),
    base64.urlsafe_b64encode(b"[NaN, Infinity]").decode(),
]  # fmt: skip


@pytest.mark.parametrize("after", BAD)
def test_a_cursor_that_this_list_did_not_give_out_is_refused(web: FlaskClient, after: str) -> None:
    """Every sort of broken cursor is BAD_CURSOR, never a fault."""
    answer = web.get(LIST, query_string={"after": after})

    assert (answer.status_code, answer.json["code"]) == (400, "BAD_CURSOR")


@pytest.mark.parametrize(
    "at", ["2026-01-01T00:00:00", "2026", "0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00", 5, True, None, []]
)
def test_a_cursor_of_instants_holds_an_instant(web: FlaskClient, at: Any) -> None:
    """A naive, impossible or missing instant is no place in a list."""
    answer = web.get(LIST, query_string={"order": "created_at", "after": cursor([at, A_ID])})

    assert (answer.status_code, answer.json["code"]) == (400, "BAD_CURSOR")


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_cursor_breaks_a_list(web: FlaskClient, after: str) -> None:
    """Any text at all is a page or a refusal."""
    assert web.get(LIST, query_string={"after": after}).status_code in {200, 400, 422}

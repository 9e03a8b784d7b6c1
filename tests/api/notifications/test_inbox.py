"""The inbox over HTTP: everybody can read what they were told, and nobody else's."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.factories.identity import a_person, signed_in
from tests.factories.notifications import SERVED, told
from timebank.database import new_id
from timebank.notifications.rules import Topic

NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)


def test_the_newest_comes_first_in_pages(client: FlaskClient) -> None:
    """Pages follow one another without gaps, and hold nobody else's messages."""
    person = a_person()
    told(a_person().id)
    for hours in range(5):
        told(person.id, at=NOON + timedelta(hours=hours))

    seen, address = [], "/api/v1/me/notifications?limit=2"
    while address:
        body = client.get(address, headers=signed_in(person)).json
        seen += [item["created_at"] for item in body["items"]]
        address = body["next"]

    assert seen == [f"2026-11-02T{hour:02}:00:00Z" for hour in range(8, 3, -1)]


def test_a_message_is_a_sentence_in_either_language(client: FlaskClient) -> None:
    """Chinese unless English is asked for; the facts come along, with the ids that it is about."""
    person, record_id = a_person(), str(new_id())
    told(person.id, facts=SERVED | {"record_id": record_id})

    (item,) = client.get("/api/v1/me/notifications", headers=signed_in(person)).json["items"]
    headers = signed_in(person) | {"Accept-Language": "en"}
    (english,) = client.get("/api/v1/me/notifications", headers=headers).json["items"]

    assert item["message"] == "11月2日「助老理发」的服务记录已确认：服务 120 分钟，时间币入账 120 分钟。"
    assert english["message"] == "Your record of 助老理发 on 2 Nov is final: 120 minutes served, 120 minutes credited."
    assert (item["topic"], item["facts"]["record_id"], item["read_at"]) == ("record_final", record_id, None)


@pytest.mark.parametrize(
    ("topic", "facts", "shown"),
    [
        (
            Topic.ARRIVAL,
            {"activity": "护绿", "checked_in_at": "2026-11-02T00:58:30Z", "ends_at": "2026-11-02T03:00:00Z"},
            ("11月2日 08:58", "11月2日 11:00", "再扫一次"),
        ),
        (Topic.FORGOTTEN_CHECK_OUT, {"activity": "护绿", "ends_at": "2026-11-02T16:30:00Z"}, ("11月3日 00:30",)),
        (Topic.RECORD_REJECTED, {"activity": "护绿", "served_on": "2026-11-02"}, ("没有通过", "异议")),
        (Topic.RECORD_CORRECTED, SERVED, ("已更正", "120 分钟")),
        (Topic.OBJECTION_ANSWERED, {"activity": "护绿", "served_on": "2026-11-02"}, ("异议已有答复",)),
        (Topic.GIFT_OFFERED, {"minutes": 60, "expires_at": "2026-11-02T03:00:00Z"}, ("60 分钟", "11:00")),
        (Topic.MINUTES_EXPIRING, {"minutes": 90, "expires_on": "2026-12-31"}, ("90 分钟", "12月31日", "永久保留")),
        (
            Topic.PLACE_OFFERED,
            {"activity": "护绿", "starts_at": "2026-11-02T01:00:00Z", "confirm_by_at": "2026-11-01T12:00:00Z"},
            ("11月2日 09:00", "11月1日 20:00", "报名"),
        ),
        (Topic.PLACE_LAPSED, {"activity": "护绿", "starts_at": "2026-11-02T01:00:00Z"}, ("让给下一位", "重新排候补")),
        (
            Topic.SHIFT_CHANGED,
            {"activity": "护绿", "starts_at": "2026-11-02T01:00:00Z", "ends_at": "2026-11-02T03:00:00Z"},
            ("09:00", "11:00", "取消报名"),
        ),
        (Topic.SHIFT_CANCELLED, {"activity": "护绿", "starts_at": "2026-11-02T01:00:00Z"}, ("已取消", "不要前往")),
        (Topic.NO_SHOW, {"activity": "护绿", "served_on": "2026-11-02"}, ("11月2日", "说明")),
        (Topic.NO_SHOW_LIFTED, {"activity": "护绿", "served_on": "2026-11-02"}, ("已撤销",)),
        (Topic.EVALUATED, {"activity": "护绿", "served_on": "2026-11-02"}, ("护绿", "评价")),
        (Topic.COMPLAINT_ANSWERED, {"organisation": "东门社区", "made_on": "2026-11-02"}, ("东门社区", "答复")),
        (
            Topic.GOODS_RECALLED,
            {"goods": "酸奶", "shop": "硖石公益仓", "recalled_on": "2026-11-02"},
            ("硖石公益仓", "酸奶", "11月2日", "带回公益仓"),
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Topic) else "",
)
def test_each_topic_says_what_to_do(
    client: FlaskClient, topic: Topic, facts: dict[str, object], shown: tuple[str, ...]
) -> None:
    """Times are Shanghai's, days are written as people say them."""
    person = a_person()
    told(person.id, topic, facts)

    (item,) = client.get("/api/v1/me/notifications", headers=signed_in(person)).json["items"]
    assert [words for words in shown if words not in item["message"]] == []


def test_reading_is_marked_once_and_only_by_oneself(client: FlaskClient) -> None:
    """Read twice is read once; another person's message stays unread, whoever names it."""
    person, other = a_person(), a_person()
    first, _second, theirs = told(person.id), told(person.id), told(other.id)
    body = {"ids": [str(first.id), str(theirs.id), str(new_id())]}

    answers = [client.post("/api/v1/me/notifications/read", json=body, headers=signed_in(person)) for _ in range(2)]

    assert [answer.json for answer in answers] == [{"marked": 1, "unread": 1}, {"marked": 0, "unread": 1}]
    (item,) = client.get("/api/v1/me/notifications", headers=signed_in(other)).json["items"]
    assert item["read_at"] is None
    items = client.get("/api/v1/me/notifications", headers=signed_in(person)).json["items"]
    assert {item["id"] for item in items if item["read_at"]} == {str(first.id)}


@pytest.mark.parametrize("ids", [[], ["x"], [None], "all", ["00000000-0000-7000-8000-000000000001"] * 201])
def test_what_names_no_messages_is_refused(client: FlaskClient, ids: object) -> None:
    """A body without ids, with something else, or with too many is 422."""
    answer = client.post("/api/v1/me/notifications/read", json={"ids": ids}, headers=signed_in(a_person()))
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID")

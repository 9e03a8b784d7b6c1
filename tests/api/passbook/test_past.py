"""The account at a past instant, and the statement as CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from tests.conftest import Statements
from tests.factories.identity import a_person, signed_in
from tests.factories.ledger import captured, earned, held, redeemed, state_of, swept
from tests.factories.records import a_record
from tests.unit.ledger.looking import entries_of
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.ledger import history
from timebank.ledger.rules import AccountState
from timebank.passbook import statement
from timebank.records.models import Revision
from timebank.records.queries import totals_at

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _at(owner_id: UUID, at: datetime) -> AccountState:
    return in_unit_of_work(lambda: history.account_state_at(owner_id, at), write=False)


@pytest.fixture
def lived(app: Flask) -> Iterator[UUID]:
    """Somebody with a line each hour: 60, 120, … minutes earned, and the clock an hour after the last."""
    owner_id = new_id()
    for number in range(9):
        with clock.at(START + number * HOUR):
            earned(owner_id, 60)
    with clock.at(START + 9 * HOUR):
        yield owner_id


# --- at a past instant ------------------------------------------------------------------------------------------------


def test_before_anything_was_posted_there_was_nothing(lived: UUID, app: Flask) -> None:
    """Zeros, and for a stranger too."""
    for owner_id in (lived, new_id()):
        state = _at(owner_id, START - timedelta(microseconds=1))
        assert (state.balance_minutes, state.seq) == (0, 0)


def test_the_last_line_up_to_the_instant_counts(lived: UUID) -> None:
    """Exactly at a line that line counts, a microsecond before it the one before."""
    for number, line in enumerate(entries_of(lived), start=1):
        exactly, before = _at(lived, line.recorded_at), _at(lived, line.recorded_at - timedelta(microseconds=1))
        assert (exactly.seq, exactly.balance_minutes, exactly.head) == (number, 60 * number, line.hash)
        assert (before.seq, before.balance_minutes) == (number - 1, 60 * (number - 1))


def test_now_is_what_the_account_says(lived: UUID) -> None:
    """The past that has just ended is the present."""
    held(lived, 50)
    assert _at(lived, clock.now()) == state_of(lived)


def test_a_hold_counts_until_it_falls_due(app: Flask) -> None:
    """At every instant, whether its release was written later, much later or never."""
    owner_id = new_id()
    with clock.at(START):
        earned(owner_id, 100)
    with clock.at(START + HOUR):
        held(owner_id, 40, expires_at=START + 3 * HOUR)
        kept = held(owner_id, 30, expires_at=START + 9 * HOUR).transfer_id

    def seen() -> list[tuple[int, int]]:
        states = [_at(owner_id, START + hours * HOUR) for hours in (0, 1.5, 2.99, 3, 4)]
        return [(state.held_minutes, state.available_minutes) for state in states]

    expected = [(0, 100), (70, 30), (70, 30), (30, 70), (30, 70)]
    assert seen() == expected
    with clock.at(START + 5 * HOUR):
        captured(kept, 30)
        swept()
    assert seen() == expected


def test_the_account_at_an_instant_over_http(client: FlaskClient, app: Flask) -> None:
    """Both books as they stood then: the balance, and the service records that were final then."""
    zhang = a_person()
    with clock.at(START):
        a_record(volunteer_id=zhang.id, minutes=90, started_at=START - 3 * HOUR)
    with clock.at(START + 2 * HOUR):
        a_record(volunteer_id=zhang.id, minutes=60, started_at=START)
        redeemed(zhang.id, 20)
    headers = signed_in(zhang)

    then = client.get("/api/v1/me/account?at=2026-03-01T17:00:00%2B08:00", headers=headers).json
    now = client.get("/api/v1/me/account", headers=headers).json

    assert (then["balance_minutes"], then["service_minutes"], then["seq"]) == (90, 90, 1)
    assert (now["balance_minutes"], now["service_minutes"], now["seq"]) == (130, 150, 3)


def test_a_later_correction_does_not_reach_back(app: Flask) -> None:
    """What was honoured then was honoured then, and what is honoured now is the corrected record."""
    zhang = a_person()
    with clock.at(START):
        first = a_record(volunteer_id=zhang.id, minutes=90, started_at=START - 3 * HOUR)
    row = {column.key: getattr(first, column.key) for column in Revision.__table__.columns}
    row |= {"id": new_id(), "number": 2, "service_minutes": 60, "recorded_at": START + 2 * HOUR}
    in_unit_of_work(lambda: session.execute(insert(Revision).values(row)))

    def served(at: datetime) -> int:
        return in_unit_of_work(lambda: sum(totals_at(zhang.id, at).values()), write=False)

    assert [served(START + hours * HOUR) for hours in (-4, 1, 2, 3)] == [0, 90, 60, 60]


@pytest.mark.parametrize("at", ["2199-01-01T00:00:00Z", "yesterday", "2026-03-01T17:00:00"])
def test_an_instant_that_is_not_past_is_refused(client: FlaskClient, app: Flask, at: str) -> None:
    """Nobody knows the future, and a time without a zone is no instant."""
    answer = client.get(f"/api/v1/me/account?at={at}", headers=signed_in(a_person()))
    assert answer.status_code == 422


def test_the_past_costs_as_many_statements_as_the_present(
    client: FlaskClient, app: Flask, statements: Statements
) -> None:
    """One for the ledger, one for the records, one for the session."""
    headers = signed_in(a_person())
    with statements() as sent:
        assert client.get("/api/v1/me/account?at=2026-01-01T00:00:00Z", headers=headers).status_code == 200
    assert len([text for text in sent if "demo_clock" not in text]) == 3


# --- the statement ----------------------------------------------------------------------------------------------------


def _lines(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("at_once", [1, 2, 9, 500])
def test_the_statement_is_every_line_once(
    client: FlaskClient, lived: UUID, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Newest first, with the hash of each line, in however many parts it is read."""
    monkeypatch.setattr(statement, "AT_ONCE", at_once)
    answer = client.get("/api/v1/me/entries?format=csv", headers=signed_in(lived))
    assert (answer.status_code, answer.content_type) == (200, "text/csv; charset=utf-8")
    assert "entries.csv" in answer.headers["Content-Disposition"]
    header, *lines = _lines(answer.text)
    assert header == ["序号", "记账时间", "类别", "分钟", "冻结变动", "余额", "说明", "账户链哈希"]
    assert [line[0] for line in lines] == [str(number) for number in range(9, 0, -1)]
    assert [line[-1] for line in reversed(lines)] == [line.hash.hex() for line in entries_of(lived)]
    assert lines[-1][1:7] == ["2026-03-01 16:00:00", "earn", "60", "0", "60", "志愿服务，入账 60 分钟，余额 60 分钟。"]


def test_the_statement_speaks_english_on_request(client: FlaskClient, lived: UUID) -> None:
    """As the page does."""
    headers = {**signed_in(lived), "Accept-Language": "en"}
    lines = _lines(client.get("/api/v1/me/entries?format=csv", headers=headers).text)
    assert lines[-1][6] == "Voluntary service: 60 minutes credited, balance 60 minutes."


def test_a_statement_of_nothing_has_a_header(client: FlaskClient, app: Flask) -> None:
    """A newcomer's file opens as well."""
    lines = _lines(client.get("/api/v1/me/entries?format=csv", headers=signed_in(a_person())).text)
    assert len(lines) == 1


def test_no_other_format(client: FlaskClient, app: Flask) -> None:
    """What we do not write is refused."""
    assert client.get("/api/v1/me/entries?format=pdf", headers=signed_in(a_person())).status_code == 422

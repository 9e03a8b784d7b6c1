"""A merger makes no minute younger or older: what expires afterwards is what both accounts would have lost (rule R25)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from tests.conftest import Statements
from tests.factories.ledger import earned, expired, expiring, merged, redeemed, refunded, state_of
from tests.unit.ledger.tampering import faults_found, forge
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.ledger import expiry, proof
from timebank.ledger.report import Fault
from timebank.ledger.rules import EXPIRED, Kind, SourceType

JANUARY = datetime(2026, 1, 15, tzinfo=UTC)
CUT_OFF = datetime(2026, 2, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 15, tzinfo=UTC)
APRIL = datetime(2026, 4, 15, tzinfo=UTC)


def somebody(january: int, march: int, spent: int = 0) -> UUID:
    """Return whoever has got minutes before the cut-off and after it, and has spent some since."""
    owner_id = new_id()
    for instant, minutes in ((JANUARY, january), (MARCH, march)):
        with clock.at(instant):
            if minutes:
                earned(owner_id, minutes)
    with clock.at(MARCH + timedelta(days=1)):
        if spent:
            redeemed(owner_id, spent)
    return owner_id


CASES = {
    "all of it old": ((100, 0, 0), (30, 0, 0)),
    "old into new": ((100, 0, 0), (0, 40, 0)),
    "new into old": ((0, 40, 0), (100, 0, 0)),
    "both of both": ((100, 40, 70), (20, 60, 10)),
    "the old account has spent newer ones": ((100, 40, 120), (50, 10, 0)),
    "the other one has spent newer ones": ((90, 0, 0), (10, 120, 110)),
    "both have": ((10, 20, 25), (10, 30, 15)),
}


@pytest.mark.rule("R25")
def test_a_merger_changes_no_age(app: Flask) -> None:
    """Whatever the two had and spent: the one who goes on loses by the cut-off what both would have lost, and no more."""
    for name, (one, other) in CASES.items():
        old, new = somebody(*one), somebody(*other)
        with clock.at(APRIL):
            due = expiring(CUT_OFF)
            apart = due.get(old, 0) + due.get(new, 0)
            merged(old, new)
            assert expiring(CUT_OFF).get(new, 0) == apart, name
            whole = state_of(new).balance_minutes
            expired(CUT_OFF, new)
            assert whole - state_of(new).balance_minutes == apart, name
            assert expired(CUT_OFF, new) == [], name
    assert proof.verify().findings == {}


def test_minutes_merged_twice_are_as_old_as_at_first(app: Flask) -> None:
    """Through another account in between; and what comes back of what the first one spent comes back with its age."""
    first, second, third = somebody(100, 20), somebody(0, 40), somebody(5, 5)
    with clock.at(APRIL):
        spent = redeemed(first, 110).transfer_id
        merged(first, second)
        merged(second, third)
        assert expiring(CUT_OFF) == {third: 5}
        refunded(spent, 15)  # 10 of them had come in after the cut-off
        assert expiring(CUT_OFF) == {third: 10}
        redeemed(third, 30)
        assert expiring(CUT_OFF) == {}
        earned(third, 50)
        assert expiring(CUT_OFF) == {}


def test_somebody_merged_with_nothing_due_ends_no_page(app: Flask) -> None:
    """Pages hold those who lose something, however many lie between them who do not."""
    people = [somebody(10, 0) for _ in range(4)]
    for _ in range(6):
        with clock.at(APRIL):
            merged(somebody(0, 7), somebody(0, 3))
    found: dict[UUID, int] = {}
    after = None
    while page := expiring(CUT_OFF, 2, after):
        assert len(page) == 2
        found |= page
        *_, after = page
    assert found == dict.fromkeys(people, 10)


def test_others_who_were_merged_are_no_part_of_the_question(app: Flask, statements: Statements) -> None:
    """One statement of one moment, which names none of them: a bank may have merged more than a statement can bind."""
    owner_id = somebody(10, 0)
    with clock.at(APRIL):
        merged(somebody(0, 7), somebody(0, 3))
    with statements() as sent:
        due = in_unit_of_work(lambda: expiry.expiring_of(owner_id, cut_off=CUT_OFF), write=False)
    assert (due, len([one for one in sent if "ledger" in one])) == (10, 1)


@pytest.mark.rule("R25")
@pytest.mark.parametrize(("minutes", "faulty"), [(35, False), (36, True)])
def test_an_expiry_of_merged_minutes_is_proved(app: Flask, minutes: int, faulty: bool) -> None:
    """The proof follows mergers: a minute more than both would have lost is named, the last that is due may go."""
    old, new = somebody(20, 40), somebody(15, 60)
    with clock.at(APRIL):
        merged(old, new)
    with clock.at(APRIL + timedelta(days=1)):
        row = forge(
            new,
            minutes,
            kind=int(Kind.EXPIRE),
            credit_id=EXPIRED.id,
            source_type=int(SourceType.EXPIRY_RUN),
            occurred_at=CUT_OFF,
        )
    if faulty:
        assert faults_found() == {Fault.TRANSFER_EXPIRES: f"ledger_transfer {row.id}"}
    else:
        assert proof.verify().findings == {}

"""Gifts, pools and openings."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from tests.factories.ledger import AREA, CLERK, a_volunteer_with, donated, given, granted, opened_with, state_of
from tests.unit.ledger.looking import refused, transfer_of
from timebank.database import in_unit_of_work, new_id
from timebank.ledger import gifts, proof
from timebank.ledger.errors import AlreadyPosted, InsufficientMinutes
from timebank.ledger.groups import Movement, post_many
from timebank.ledger.rules import ISSUER, Kind, SourceType, pool_of, wallet_of

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


def test_a_gift_moves_minutes(app: Flask) -> None:
    """What one gives the other has; the result is the giver's."""
    giver, receiver = a_volunteer_with(100), new_id()
    done = given(giver, receiver, 40)
    assert done.account == state_of(giver)
    assert (state_of(giver).balance_minutes, state_of(receiver).balance_minutes) == (60, 40)
    refused(InsufficientMinutes, lambda: given(giver, receiver, 61))
    with pytest.raises(ValueError, match="one account to another"):
        given(giver, giver, 1)
    assert proof.verify().findings == {}


@pytest.mark.rule("R23")
def test_a_pool_gives_only_what_it_was_given(app: Flask) -> None:
    """Donations come in, grants go out, and the pool is never below zero."""
    giver, needy = a_volunteer_with(100), new_id()
    refused(InsufficientMinutes, lambda: granted(needy, 1))
    assert donated(giver, 60).account == state_of(giver)
    first = granted(needy, 50)
    assert (first.account.balance_minutes, state_of(needy).balance_minutes) == (10, 50)
    refusal = refused(InsufficientMinutes, lambda: granted(needy, 11))
    assert refusal.context == {"needed_minutes": 11, "available_minutes": 10}
    assert proof.verify().findings == {}


@pytest.mark.parametrize("verb", [given, donated, granted, opened_with])
def test_one_fact_moves_minutes_once(app: Flask, verb: object) -> None:
    """The same id is replayed with its result, the same fact under another id refused."""
    one, other, ids = a_volunteer_with(100), new_id(), {"transfer_id": new_id(), "source_id": new_id()}
    donated(a_volunteer_with(100), 100)

    def run(**ids: object) -> object:
        return verb(one, other, 10, **ids) if verb is given else verb(one, 10, **ids)  # type: ignore[operator]

    first = run(**ids)
    again = run(**ids)
    assert (again.replayed, again.account) == (True, first.account)  # type: ignore[attr-defined]
    refused(AlreadyPosted, lambda: run(source_id=ids["source_id"]))


def test_an_opening_balance_comes_from_the_issuer(app: Flask) -> None:
    """A paper ledger is carried over row by row, for people and for pools."""
    owner_id = new_id()
    opening = transfer_of(opened_with(owner_id, 300).transfer_id)
    assert (opening.kind, opening.debit_id, opening.source_type) == (Kind.OPENING, ISSUER.id, SourceType.IMPORT_ROW)
    pool = in_unit_of_work(
        lambda: gifts.open_with(
            transfer_id=new_id(), account=pool_of(AREA), minutes=80, source_id=new_id(), actor_id=CLERK
        )
    )
    assert (pool.account.balance_minutes, pool.account.debt_minutes) == (80, 0)
    assert proof.verify().findings == {}


def test_a_group_of_many_kinds_is_all_or_nothing(app: Flask) -> None:
    """One atomic group: an opening, a gift out of it, a donation; one that is refused refuses all (Blnk 183)."""
    one, other = wallet_of(new_id()), wallet_of(new_id())

    def group(gift_minutes: int) -> list[Movement]:
        steps = [
            (Kind.OPENING, ISSUER, one, 100, SourceType.IMPORT_ROW),
            (Kind.GIFT, one, other, gift_minutes, SourceType.GIFT),
            (Kind.DONATE, other, pool_of(AREA), 30, SourceType.POOL_DONATION),
        ]
        return [
            Movement(
                transfer_id=new_id(), kind=kind, debit=a, credit=b, minutes=n, source_type=source, source_id=new_id()
            )
            for kind, a, b, n, source in steps
        ]

    for too_much, too_little in ((101, False), (29, True)):
        assert too_little in {True, False}
        refused(
            InsufficientMinutes,
            lambda n=too_much: in_unit_of_work(lambda: post_many(movements=group(n), actor_id=CLERK)),
        )
    results = in_unit_of_work(lambda: post_many(movements=group(40), actor_id=CLERK, batch_id=new_id()))
    assert [one.account.balance_minutes for one in results] == [100, 60, 10]
    assert proof.verify().findings == {}


@pytest.mark.parametrize("kind", [Kind.GIFT, Kind.REFUND, Kind.EXPIRE])
def test_a_group_takes_only_what_may_go_that_way(kind: Kind) -> None:
    """A movement between accounts of the wrong kinds, or of a kind that decides on its size, is a fault of the program."""
    with pytest.raises(ValueError, match="leads from"):
        Movement(
            transfer_id=new_id(),
            kind=kind,
            debit=ISSUER,
            credit=wallet_of(new_id()),
            minutes=1,
            source_type=SourceType.GIFT,
            source_id=new_id(),
        )

"""Every line that a wallet can have explains itself."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.identity import a_person, signed_in
from timebank import clock
from timebank.database import NIL, in_unit_of_work, new_id
from timebank.identity.models import Person
from timebank.ledger import gifts, merging, refunds, reversals, service
from timebank.ledger.rules import ROUTES, AccountKind, Kind, Phase
from timebank.passbook.explanations import SENTENCES

IN_PHASES = {Kind.REDEEM: tuple(Phase)}


def _possible() -> set[tuple[Kind, Phase, bool]]:
    """Return what can happen to a wallet, from the ledger's own routes: as the giving side, as the receiving side."""
    possible = set()
    for kind, routes in ROUTES.items():
        for debit, credit in routes:
            for phase in IN_PHASES.get(kind, (Phase.SINGLE,)):
                if debit is AccountKind.WALLET:
                    possible.add((kind, phase, False))
                if credit is AccountKind.WALLET:
                    possible.add((kind, phase, True))
    return possible


def test_there_is_a_sentence_for_every_line_and_no_other() -> None:
    """Whatever the ledger's routes do to a wallet has its sentence in both languages, and it names the numbers."""
    assert set(SENTENCES) == _possible()
    for sentence in SENTENCES.values():
        for text in (sentence.zh, sentence.en):
            assert "{minutes}" in text
            assert "{balance}" in text


def _post(person: Person, relative: Person) -> None:
    """Give a wallet one line of nearly every kind, and close it."""
    served, sold, gift = new_id(), new_id(), new_id()
    now = clock.now()
    earn = {"owner_id": person.id, "source_id": new_id(), "occurred_at": now, "actor_id": NIL}
    service.earn(transfer_id=served, minutes=100, **earn)
    service.redeem(transfer_id=sold, owner_id=person.id, minutes=30, source_id=new_id(), actor_id=NIL)
    refunds.refund(transfer_id=new_id(), refunds=sold, minutes=10, source_id=new_id(), actor_id=NIL)
    gifts.gift(
        transfer_id=gift, from_owner_id=person.id, to_owner_id=relative.id, minutes=20, source_id=new_id(), actor_id=NIL
    )
    reversals.reverse(transfer_id=new_id(), reverses=gift, source_id=new_id(), actor_id=NIL)
    reversals.reverse(transfer_id=new_id(), reverses=served, source_id=new_id(), actor_id=NIL)
    service.earn(transfer_id=new_id(), minutes=200, **(earn | {"source_id": new_id()}))
    merging.merge(
        transfer_id=new_id(), from_owner_id=person.id, into_owner_id=relative.id, source_id=new_id(), actor_id=NIL
    )


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_full_life_of_a_wallet_can_be_read(client: FlaskClient, app: Flask, form: str) -> None:
    """Earned, spent, refunded, given, given back, corrected, owed and paid, merged and closed: each line is explained."""
    person, relative = a_person(), a_person()
    with clock.at(clock.now() - timedelta(days=1)):
        in_unit_of_work(lambda: _post(person, relative))

    answer = client.get("/api/v1/me/entries", query_string={"format": form}, headers=signed_in(person))

    assert answer.status_code == 200
    for words in (
        "退回 10 分钟",
        "赠予亲属",
        "更正此前的记账，退回 20",
        "更正此前的记账，冲回",
        "抵还",
        "账户合并，转出",
        "账户已关闭",
    ):
        assert words in answer.text
    assert "closing" in answer.text

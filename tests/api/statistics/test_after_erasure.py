"""Figures of service whose volunteers are gone."""

from functools import partial

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.api.statistics.conftest import PROVENANCES, Bank, asked, names_of_activities, shanghai
from tests.factories.statistics import key_of, totals
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.people import erasing
from timebank.people.rules import Balance
from timebank.records import queries as records
from timebank.records import service
from timebank.records.models import Revision
from timebank.records.rules import State
from timebank.statistics import summary
from timebank.statistics.rules import Cut


@pytest.mark.rule("R36")
def test_after_an_erasure_every_figure_is_what_it_was(client: FlaskClient, bank: Bank) -> None:
    """By every cut, folded or not: who is gone has no name any more, and their service is still counted."""

    def figures(cut: Cut) -> dict[str, list[int]]:
        rows = asked(client, bank.admin, rows=cut, measures="people,person_times,service_minutes,credited_minutes")
        return {row[cut]: [row[measure] for measure in measured] for row in rows}

    measured = ("people", "person_times", "service_minutes", "credited_minutes", *PROVENANCES)
    gone = bank.people[1]
    theirs = select(Revision.record_id).where(Revision.volunteer_id == gone, Revision.state == State.PENDING_REVIEW)
    for record_id in in_unit_of_work(lambda: list(session.scalars(theirs.where(records.is_current())))):
        in_unit_of_work(partial(service.reject, actor=bank.admin, record_id=record_id, reason="没有到场"))
    before = {cut: figures(cut) for cut in Cut}
    with clock.at(shanghai(2029, 1, 1, 0)):
        in_unit_of_work(lambda: erasing.ask(person_id=gone, choice=erasing.Choice(Balance.EXPIRE), by=gone))
    with clock.at(shanghai(2029, 2, 1, 0)):
        assert erasing.sweep(limit=1) == 1
    in_unit_of_work(lambda: summary.fold(limit=5))

    activities = names_of_activities()
    for cut in Cut:
        expected = totals(key_of(cut, activities))
        told = {name: [group.get(measure, 0) for measure in measured] for name, group in expected.items()}
        assert figures(cut) == before[cut] == told, cut
    named = {row["volunteer"]: row["display_name"] for row in asked(client, bank.admin, rows="volunteer")}
    assert sorted(named.values()) == ["已**", "张*", "欧**"]
    assert named[str(gone)] == "已**"

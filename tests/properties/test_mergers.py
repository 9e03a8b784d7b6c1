"""Whatever people have earned, spent and taken back: merging them in any order neither makes nor loses a minute."""

from datetime import timedelta
from uuid import UUID

import hypothesis.strategies as st
from flask import Flask
from hypothesis import given, settings

from tests.factories.corrections import corrected
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import redeemed, state_of
from tests.factories.mergers import look, merged_by, minutes_of
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_record
from timebank.errors import Refusal
from timebank.ledger import proof
from timebank.statistics import summary

people = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.just("serve"), people, st.integers(10, 120)),
    st.tuples(st.just("spend"), people, st.integers(1, 90)),
    st.tuples(st.just("annul"), people, st.just(0)),
    st.tuples(st.just("merge"), people, people),
)


@settings(max_examples=4)
@given(sequence=st.lists(steps, min_size=6, max_size=12))
def test_no_minute_is_made_or_lost(app: Flask, sequence: list[tuple[str, int, int]]) -> None:
    """Σ(balance − debt) is what was credited and not annulled, less what was spent; honour is what was served; all books agree."""
    organisation = an_organisation()
    one, other = a_coordinator(organisation.id), a_coordinator(organisation.id)
    accounts = [a_person().id for _ in range(3)]
    served: list[tuple[UUID, int]] = []
    spent = 0
    for day, (verb, who, what) in enumerate(sequence):
        try:
            if verb == "serve":
                record = a_record(
                    volunteer_id=accounts[who],
                    organisation=organisation,
                    minutes=what,
                    started_at=NINE_O_CLOCK + timedelta(days=day),
                )
                served.append((record.record_id, what))
            elif verb == "spend":
                redeemed(accounts[who], what)
                spent += what
            elif verb == "annul" and served:
                corrected(one, other, served[0][0], 0)
                served.pop(0)
            elif verb == "merge" and accounts[who] != accounts[what]:
                merged_by(
                    one,
                    other,
                    old_id=accounts[who],
                    person_id=accounts[what],
                    organisation_id=organisation.id,
                )
                gone, heir = accounts[who], accounts[what]
                accounts = [heir if account == gone else account for account in accounts]
        except Refusal:
            continue
    there = set(accounts)
    states = [state_of(who) for who in there]
    honour = sum(minutes for _, minutes in served)
    assert sum(state.balance_minutes - state.debt_minutes for state in states) == honour - spent
    assert sum(minutes_of(who)[0] for who in there) == honour
    assert proof.verify().ok
    assert look(summary.check) == []

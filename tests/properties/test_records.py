"""Whatever happens to records: what they say was credited is what the wallet was credited."""

from datetime import timedelta

from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from tests.factories.records import NINE_O_CLOCK, a_service, recorded
from timebank.database import in_unit_of_work, session
from timebank.ledger.models import Transfer
from timebank.ledger.rules import Kind, wallet_of
from timebank.policies.rules import Policy
from timebank.records import queries, service
from timebank.records.account import account_of
from timebank.records.errors import RecordNotPending
from timebank.records.models import Revision
from timebank.records.rules import Flag, Provenance

POLICIES = (
    Policy(),
    Policy(credit_step_minutes=30, min_credit_minutes=30, daily_credit_cap_minutes=200),
    Policy(approval="always", credit_provenances=frozenset({"self_scan"}), number=7),
)

serving = st.tuples(
    st.just("serve"),
    st.integers(0, 900),
    st.integers(0, 3),
    st.sampled_from(Provenance),
    st.sampled_from([frozenset(), frozenset({Flag.LATE})]),
    st.sampled_from(POLICIES),
)
deciding = st.tuples(st.sampled_from(["approve", "reject"]), st.integers(0, 20))


@settings(max_examples=15)
@given(steps=st.lists(st.one_of(serving, deciding), max_size=12))
def test_credited_minutes_are_earned_minutes(app: Flask, steps: list[tuple[object, ...]]) -> None:
    """Σ credited of current final records = Σ earn of the wallet = its balance, after any sequence."""
    organisation, volunteer = an_organisation(), a_person()
    coordinator = a_coordinator(organisation.id)
    made = []
    for step in steps:
        match step:
            case ("serve", int(minutes), int(day), provenance, flags, policy):
                served = a_service(
                    volunteer_id=volunteer.id,
                    organisation=organisation,
                    minutes=minutes,
                    started_at=NINE_O_CLOCK + timedelta(days=day),
                    provenance=provenance,  # type: ignore[arg-type]
                    flags=flags,  # type: ignore[arg-type]
                )
                made.append(recorded(served, policy).revision.record_id)  # type: ignore[arg-type]
            case (verb, int(index)) if made:
                record_id = made[index % len(made)]
                decide = service.approve if verb == "approve" else service.reject
                try:
                    in_unit_of_work(lambda: decide(actor=coordinator, record_id=record_id, reason="核实"))  # noqa: B023
                except RecordNotPending:
                    continue
        in_unit_of_work(lambda: _agree(volunteer.id), write=False)


def _agree(volunteer_id: object) -> None:
    final = queries.current().where(queries.is_final(), Revision.volunteer_id == volunteer_id).subquery()
    credited, served = session.execute(
        select(
            func.coalesce(func.sum(final.c.credited_minutes), 0), func.coalesce(func.sum(final.c.service_minutes), 0)
        )
    ).one()
    earned = session.scalar(
        select(func.coalesce(func.sum(Transfer.minutes), 0)).where(
            Transfer.kind == Kind.EARN,
            Transfer.credit_id == wallet_of(volunteer_id).id,  # type: ignore[arg-type]
        )
    )
    account = account_of(volunteer_id)  # type: ignore[arg-type]
    assert credited == earned == account["balance_minutes"]
    assert served == account["service_minutes"] >= credited
    posted = select(Revision.credited_minutes, Transfer.minutes).join(Transfer, Transfer.source_id == Revision.id)
    assert all(row.credited_minutes == row.minutes for row in session.execute(posted))

"""The verbs: look for what is wrong, and decide about it. Neither changes a record: that takes a correction."""

from uuid import UUID

from sqlalchemy import insert

from timebank import clock
from timebank.anomalies import detectors, queries
from timebank.anomalies.errors import AnomalyDecided, AnomalyOpen, ConcernsYou
from timebank.anomalies.models import Anomaly, AnomalyDecision
from timebank.anomalies.rules import AnomalyKind, AnomalyState, Outcome, deciders
from timebank.database import session
from timebank.errors import NotFound
from timebank.identity.family import relatives_of
from timebank.identity.rules import Actor
from timebank.organisations import scope


def look() -> int:
    """Look for what is wrong and keep what is new; return how many that is. Found again, it is found once."""
    now = clock.now()
    found = {one.id: one for one in detectors.find(now)}
    known = queries.known(list(found))
    fresh = [one for id_, one in found.items() if id_ not in known]
    if fresh:
        session.connection().execute(
            insert(Anomaly),
            [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "organisation_id": one.organisation_id,
                    "happened_on": one.happened_on,
                    "facts": one.facts,
                    "found_at": now,
                }
                for one in fresh
            ],
        )
    return len(fresh)


def decide(*, actor: Actor, anomaly_id: UUID, outcome: Outcome, reason: str) -> AnomalyDecision:
    """Clear, confirm or reopen an anomaly, with a reason; every decision is kept (rule R13).

    Nothing else happens: what is confirmed is put right by a correction, and a fraud finding is a step of its own.

    Raises NotFound outside the actor's scope (what is about coordinators is above theirs), ConcernsYou,
    AnomalyDecided (also when a colleague was faster), AnomalyOpen.
    """
    anomaly = session.get(Anomaly, anomaly_id)
    if anomaly is None:
        raise NotFound
    roles = deciders(AnomalyKind(anomaly.kind))
    scope.organisation_for(actor, *roles, organisation_id=anomaly.organisation_id)
    concerned = {UUID(person) for person in anomaly.facts["people"]}
    if concerned & {actor.person_id, *relatives_of(actor.person_id)}:
        raise ConcernsYou
    before = queries.decisions(anomaly_id)
    is_open = not before or before[-1].outcome == Outcome.REOPENED
    if is_open and outcome is Outcome.REOPENED:
        raise AnomalyOpen
    if not is_open and outcome is not Outcome.REOPENED:
        raise AnomalyDecided
    decision = AnomalyDecision(
        anomaly_id=anomaly_id,
        number=len(before) + 1,
        outcome=outcome,
        reason=reason,
        decided_by=actor.person_id,
        decided_at=clock.now(),
    )
    session.add(decision)
    session.flush()
    return decision


def state_of(decision: AnomalyDecision | None) -> AnomalyState:
    """Return where an anomaly stands after its last decision."""
    if decision is None or decision.outcome == Outcome.REOPENED:
        return AnomalyState.OPEN
    return AnomalyState(decision.outcome)

"""The verbs: propose a star by rule, object, answer, decide, look again. A person decides, never the rule (R17)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timebank import clock, working_days
from timebank.database import NIL, insert_row, new_id, session
from timebank.errors import NotFound, Refusal
from timebank.identity.family import relatives_of
from timebank.identity.former import goes_on
from timebank.identity.rules import Actor
from timebank.organisations import scope
from timebank.policies import service as policies
from timebank.policies.rules import Policy
from timebank.records import queries as records
from timebank.records.conflicts import refuse_interested
from timebank.records.errors import SecondPersonNeeded
from timebank.records.overlaps import lock_person
from timebank.records.service import DECIDERS
from timebank.stars import queries
from timebank.stars.errors import (
    StarDecided,
    StarHighest,
    StarNotOnNotice,
    StarNotReached,
    StarObjected,
    StarObjectionAnswered,
    StarObjectionMade,
    StarOnNotice,
    StarProposed,
    StarReviewNotDue,
    StarsNotGiven,
)
from timebank.stars.models import StarDecision, StarObjection, StarObjectionAnswer, StarProposal, StarReview
from timebank.stars.queries import Standing
from timebank.stars.rules import HELD, OPEN, Decision, Outcome, Review, State, level_of


def policy_now(now: datetime) -> Policy:
    """Return the bank's policy: a star belongs to a person, whom no organisation and no area owns."""
    return policies.resolve(organisation_id=NIL, area_path="", at=now)


def propose(*, volunteer_id: UUID, by: UUID) -> UUID:
    """Propose the highest star that a volunteer's service is worth, and put it on public notice; return its id.

    Asked for by the volunteer (``by`` them) or by the rule (NIL). Raises StarsNotGiven, StarProposed, StarHighest,
    StarNotReached.
    """
    lock_person(volunteer_id)
    now = clock.now()
    policy = policy_now(now)
    minutes = sum(records.totals(volunteer_id).values())
    before = queries.of_volunteers([volunteer_id])[volunteer_id]
    level = _level_to_propose(policy.star_minutes, minutes, before, now)
    organisation_id = queries.served_most_at(volunteer_id)
    limit = working_days.deadline(now, policy.star_notice_days)
    proposal = {
        "id": new_id(),
        "volunteer_id": volunteer_id,
        "number": len(before) + 1,
        "organisation_id": organisation_id,
        "level": level,
        "threshold_minutes": policy.star_minutes[level - 1],
        "service_minutes": minutes,
        "policy_number": policy.number,
        "proposed_by": by,
        "proposed_at": now,
        "notice_days": policy.star_notice_days,
        "ends_on": limit.on,
        "ends_at": limit.ends_at,
        "provisional": limit.provisional,
    }
    insert_row(StarProposal, **proposal)
    return proposal["id"]  # type: ignore[return-value]


def _level_to_propose(thresholds: tuple[int, ...], minutes: int, before: Iterable[Standing], now: datetime) -> int:
    """Return the star that may be proposed, or raise why none may be.

    One that was declined or withdrawn is proposed again once there is more service than there was then.
    """
    if not thresholds:
        raise StarsNotGiven
    states = [(standing, standing.state(now)) for standing in before]
    if any(state in OPEN for _, state in states):
        raise StarProposed
    held = max((standing.proposal.level for standing, state in states if state in HELD), default=0)
    if held >= len(thresholds):
        raise StarHighest
    level = level_of(minutes, thresholds)
    refused = [one.looked_at_minutes for one, _ in states if one.proposal.level >= level]
    if level <= held or any(seen is not None and minutes <= seen for seen in refused):
        needed = thresholds[held] if level <= held else minutes + 1
        raise StarNotReached(service_minutes=minutes, needed_minutes=needed)
    return level


@dataclass(slots=True)
class Swept:
    """What one transaction has proposed, and where the next one goes on (None: nobody is left)."""

    proposed: int = 0
    last: UUID | None = None


def sweep(*, limit: int, after: UUID | None = None) -> Swept:
    """Propose a star for everybody whose service is worth one, looking at ``limit`` people beyond ``after``.

    Safe when two run at once: each person is locked and looked at again.
    """
    now = clock.now()
    thresholds = policy_now(now).star_minutes
    if not thresholds:
        return Swept()
    found = queries.with_service_of(thresholds[0], beyond=after, limit=limit)
    swept = Swept(last=max(found) if len(found) == limit else None)
    for volunteer_id in _worth_a_star(found, thresholds, now):
        try:
            with session.begin_nested():
                propose(volunteer_id=volunteer_id, by=NIL)
        except Refusal:
            continue  # somebody was faster
        swept.proposed += 1
    return swept


def _worth_a_star(found: Mapping[UUID, int], thresholds: tuple[int, ...], now: datetime) -> list[UUID]:
    worth = []
    for volunteer_id, before in queries.of_volunteers(found).items():
        try:
            _level_to_propose(thresholds, found[volunteer_id], before, now)
        except Refusal:
            continue
        worth.append(volunteer_id)
    return worth


def seen(proposal_id: UUID) -> Standing:
    """Return a proposal with all that has become of it. Raises NotFound."""
    standing = queries.one(proposal_id)
    if standing is None:
        raise NotFound
    return standing


def decider_sees(*, actor: Actor, proposal_id: UUID) -> Standing:
    """Return a proposal to whoever may decide on it. Raises NotFound outside the actor's scope."""
    standing = seen(proposal_id)
    scope.organisation_for(actor, *DECIDERS, organisation_id=standing.proposal.organisation_id)
    return standing


def object_to(*, actor: Actor, proposal_id: UUID, reason: str) -> None:
    """Object to a star while it is on notice; until the answer it is not awarded.

    Raises NotFound, StarNotOnNotice, StarObjectionMade.
    """
    standing = _locked(seen(proposal_id))
    now = clock.now()
    if standing.decision is not None or now >= standing.proposal.ends_at:
        raise StarNotOnNotice
    theirs = {actor.person_id, *relatives_of(actor.person_id)}
    if theirs & queries.objectors_of(proposal_id):
        raise StarObjectionMade
    insert_row(
        StarObjection,
        id=new_id(),
        proposal_id=proposal_id,
        objector_id=actor.person_id,
        reason=reason,
        made_at=now,
    )


def answer(*, actor: Actor, objection_id: UUID, outcome: Outcome, answer: str) -> UUID:
    """Answer an objection; one that is upheld declines the star. Returns the id of the proposal.

    Raises NotFound, OwnRecord, RelativesRecord, SecondPersonNeeded for whoever objected, StarObjectionAnswered.
    """
    objection = session.get(StarObjection, objection_id)
    if objection is None:
        raise NotFound
    standing = _deciding(actor, objection.proposal_id)
    if session.get(StarObjectionAnswer, objection_id) is not None:
        raise StarObjectionAnswered
    now = clock.now()
    insert_row(
        StarObjectionAnswer,
        objection_id=objection_id,
        outcome=outcome,
        answer=answer,
        answered_by=actor.person_id,
        answered_at=now,
    )
    if outcome is Outcome.UPHELD and standing.decision is None:
        _decide(standing, actor, Decision.DECLINED, answer)
    return objection.proposal_id


def decide(*, actor: Actor, proposal_id: UUID, decision: Decision, reason: str) -> None:
    """Award a star after its notice, or decline it. Nobody decides on their own or a relative's, nor on what they oppose.

    Raises NotFound, OwnRecord, RelativesRecord, SecondPersonNeeded, StarDecided, and for an award StarObjected,
    StarOnNotice, StarNotReached when a correction has taken minutes away meanwhile.
    """
    standing = _deciding(actor, proposal_id)
    if standing.decision is not None:
        raise StarDecided
    if decision is Decision.AWARDED:
        _refuse_award(standing)
    _decide(standing, actor, decision, reason)


def _refuse_award(standing: Standing) -> None:
    proposal, state = standing.proposal, standing.state(clock.now())
    if state is State.OBJECTED:
        raise StarObjected
    if state is State.ON_NOTICE:
        raise StarOnNotice(ends_on=proposal.ends_on.isoformat())
    if standing.minutes < proposal.threshold_minutes:
        raise StarNotReached(service_minutes=standing.minutes, needed_minutes=proposal.threshold_minutes)


def look_again(*, actor: Actor, proposal_id: UUID, outcome: Review, reason: str) -> None:
    """Let a star stand whose minutes have gone below its threshold, or withdraw it: by a person, with a reason.

    Raises NotFound, OwnRecord, RelativesRecord, SecondPersonNeeded, StarReviewNotDue.
    """
    standing = _deciding(actor, proposal_id)
    if standing.state(clock.now()) is not State.REVIEW_DUE:
        raise StarReviewNotDue
    insert_row(
        StarReview,
        proposal_id=proposal_id,
        number=standing.review.number + 1 if standing.review else 1,
        outcome=outcome,
        reason=reason,
        service_minutes=standing.minutes,
        reviewed_by=actor.person_id,
        reviewed_at=clock.now(),
    )


def _deciding(actor: Actor, proposal_id: UUID) -> Standing:
    """Return a proposal, locked, to somebody who may decide about it."""
    standing = decider_sees(actor=actor, proposal_id=proposal_id)
    refuse_interested(actor.person_id, subject_id=goes_on(standing.proposal.volunteer_id))
    if actor.person_id in queries.objectors_of(proposal_id):
        raise SecondPersonNeeded
    return _locked(standing)


def _locked(standing: Standing) -> Standing:
    """Lock the volunteer, behind whom all that happens to their stars queues up, and look again."""
    lock_person(goes_on(standing.proposal.volunteer_id))
    return seen(standing.proposal.id)


def _decide(standing: Standing, actor: Actor, decision: Decision, reason: str) -> None:
    insert_row(
        StarDecision,
        proposal_id=standing.proposal.id,
        decision=decision,
        reason=reason,
        service_minutes=standing.minutes,
        decided_by=actor.person_id,
        decided_at=clock.now(),
    )

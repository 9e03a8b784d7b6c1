"""What is asked about stars: proposals with all that has become of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.orm import aliased

from timebank.database import session
from timebank.identity.former import who
from timebank.records import queries as records
from timebank.records.models import Revision
from timebank.stars.models import StarDecision, StarObjection, StarObjectionAnswer, StarProposal, StarReview
from timebank.stars.rules import Decision, Review, State, review_due, undecided_state

_Other = aliased(StarReview, name="other_review")

_LAST_REVIEW = (
    select(func.max(_Other.number))
    .where(_Other.proposal_id == StarProposal.id)
    .correlate(StarProposal)
    .scalar_subquery()
)
_OPEN_OBJECTION = (
    select(StarObjection.id)
    .outerjoin(StarObjectionAnswer, StarObjectionAnswer.objection_id == StarObjection.id)
    .where(StarObjection.proposal_id == StarProposal.id, StarObjectionAnswer.objection_id.is_(None))
    .correlate(StarProposal)
    .exists()
)
_MINUTES = (
    select(func.coalesce(func.sum(Revision.service_minutes), 0))
    .where(Revision.volunteer_id == who(StarProposal.volunteer_id), records.is_final(), records.is_current())
    .correlate(StarProposal)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A proposal, what was decided, the last second look, whether an objection is open, and the minutes of now."""

    proposal: StarProposal
    decision: StarDecision | None
    review: StarReview | None
    objected: bool
    minutes: int

    def state(self, now: datetime) -> State:
        """Return where it stands at ``now``."""
        if self.decision is None:
            return undecided_state(objected=self.objected, ends_at=self.proposal.ends_at, now=now)
        if self.decision.decision == Decision.DECLINED:
            return State.DECLINED
        if self.review is not None and self.review.outcome == Review.WITHDRAWN:
            return State.WITHDRAWN
        kept_at = self.review.service_minutes if self.review else None
        due = review_due(minutes=self.minutes, threshold=self.proposal.threshold_minutes, kept_at=kept_at)
        return State.REVIEW_DUE if due else State.AWARDED

    @property
    def looked_at_minutes(self) -> int | None:
        """Return how many minutes there were when somebody last refused it; None if nobody has."""
        if self.review is not None and self.review.outcome == Review.WITHDRAWN:
            return self.review.service_minutes
        declined = self.decision is not None and self.decision.decision == Decision.DECLINED
        return self.decision.service_minutes if declined and self.decision else None


def standings() -> Select[*tuple[Any, ...]]:
    """Select what ``standing_of`` reads, to filter, add columns and page."""
    return (
        select(
            StarProposal, StarDecision, StarReview, _OPEN_OBJECTION.label("objected"), _MINUTES.label("current_minutes")
        )
        .outerjoin(StarDecision, StarDecision.proposal_id == StarProposal.id)
        .outerjoin(StarReview, and_(StarReview.proposal_id == StarProposal.id, StarReview.number == _LAST_REVIEW))
    )


def standing_of(row: Any) -> Standing:
    """Return a row of ``standings``."""
    return Standing(row[0], row[1], row[2], bool(row[3]), int(row[4]))


def one(proposal_id: UUID) -> Standing | None:
    """Return one proposal with all that has become of it, as it is now."""
    row: Any = session.execute(standings().where(StarProposal.id == proposal_id)).one_or_none()
    return standing_of(row) if row else None


def of_volunteers(volunteer_ids: Iterable[UUID]) -> dict[UUID, list[Standing]]:
    """Return all proposals of some volunteers, each one's in their order, in one statement."""
    wanted = list(volunteer_ids)
    found: dict[UUID, list[Standing]] = {volunteer_id: [] for volunteer_id in wanted}
    whose = who(StarProposal.volunteer_id).label("whose")
    rows = session.execute(standings().add_columns(whose).where(whose.in_(wanted)).order_by(StarProposal.number))
    for row in rows:
        found[row.whose].append(standing_of(row))
    return found


def stands_as(state: State, now: datetime) -> ColumnElement[bool]:
    """Return the condition that ``Standing.state`` of a row of ``standings`` is ``state``."""
    undecided = StarDecision.proposal_id.is_(None)
    withdrawn = and_(StarReview.outcome.is_not(None), StarReview.outcome == Review.WITHDRAWN)
    held = and_(StarDecision.decision == Decision.AWARDED, not_(withdrawn))
    due = and_(
        StarProposal.threshold_minutes > _MINUTES,
        or_(StarReview.outcome.is_(None), StarReview.service_minutes > _MINUTES),
    )
    return {
        State.ON_NOTICE: and_(undecided, ~_OPEN_OBJECTION, StarProposal.ends_at > now),
        State.READY: and_(undecided, ~_OPEN_OBJECTION, StarProposal.ends_at <= now),
        State.OBJECTED: and_(undecided, _OPEN_OBJECTION),
        State.DECLINED: StarDecision.decision == Decision.DECLINED,
        State.WITHDRAWN: withdrawn,
        State.REVIEW_DUE: and_(held, due),
        State.AWARDED: and_(held, not_(due)),
    }[state]


def is_shown_to_everybody(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a proposal is on the public notice: undecided, and not over."""
    return and_(StarDecision.proposal_id.is_(None), StarProposal.ends_at > now)


def objections_to(proposal_id: UUID) -> list[tuple[StarObjection, StarObjectionAnswer | None]]:
    """Return the objections to a proposal with their answers, the first one first."""
    found = (
        select(StarObjection, StarObjectionAnswer)
        .outerjoin(StarObjectionAnswer, StarObjectionAnswer.objection_id == StarObjection.id)
        .where(StarObjection.proposal_id == proposal_id)
        .order_by(StarObjection.made_at, StarObjection.id)
    )
    return [(row[0], row[1]) for row in session.execute(found)]


def objectors_of(proposal_id: UUID) -> set[UUID]:
    """Return who has objected to a proposal; of an account that was merged, whoever goes on."""
    return set(session.scalars(select(who(StarObjection.objector_id)).where(StarObjection.proposal_id == proposal_id)))


def served_most_at(volunteer_id: UUID) -> UUID | None:
    """Return the organisation that has recorded most of somebody's final service; None if there is none."""
    found = (
        select(Revision.organisation_id)
        .where(Revision.volunteer_id == volunteer_id, records.is_final(), records.is_current())
        .group_by(Revision.organisation_id)
        .order_by(func.sum(Revision.service_minutes).desc(), Revision.organisation_id)
        .limit(1)
    )
    return session.scalar(found)


def with_service_of(minutes: int, *, beyond: UUID | None, limit: int) -> dict[UUID, int]:
    """Return volunteers with at least so many final minutes and their minutes, by id, at most ``limit`` beyond one."""
    total = func.sum(Revision.service_minutes)
    found = select(Revision.volunteer_id, total).where(records.is_final(), records.is_current())
    if beyond is not None:
        found = found.where(Revision.volunteer_id > beyond)
    found = found.group_by(Revision.volunteer_id).having(total >= minutes).order_by(Revision.volunteer_id).limit(limit)
    return {volunteer_id: int(sum_) for volunteer_id, sum_ in session.execute(found)}

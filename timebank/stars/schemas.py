"""What goes in and out of the endpoints of stars."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marshmallow import fields, validate

from timebank.identity.rules import masked_name
from timebank.stars.models import StarObjection, StarObjectionAnswer
from timebank.stars.queries import Standing
from timebank.stars.rules import HELD, Decision, Outcome, Review, State
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema

MAX_REASON = 500


class StarDecisionBody(Schema):
    """Award or decline, and why."""

    decision = fields.String(required=True, validate=validate.OneOf([str(one) for one in Decision]))
    reason = PlainText(required=True, max_length=MAX_REASON)


class StarReviewBody(Schema):
    """Let a star stand or withdraw it, and why."""

    outcome = fields.String(required=True, validate=validate.OneOf([str(one) for one in Review]))
    reason = PlainText(required=True, max_length=MAX_REASON)


class StarObjectionBody(Schema):
    """Why a star is not deserved."""

    reason = PlainText(required=True, max_length=MAX_REASON)


class StarAnswerBody(Schema):
    """The answer to an objection."""

    outcome = fields.String(required=True, validate=validate.OneOf([str(one) for one in Outcome]))
    answer = PlainText(required=True, max_length=MAX_REASON)


class StarQuery(PageQuery):
    """Which proposals."""

    state = fields.String(validate=validate.OneOf([str(one) for one in State]))
    organisation = fields.UUID()


class StarNoticeOut(Schema):
    """A star on public notice: who, masked, and until when one may object."""

    id = fields.UUID(required=True)
    volunteer_name = fields.String(required=True)
    organisation_name = fields.String(required=True)
    level = fields.Integer(required=True)
    ends_on = fields.Date(required=True)
    provisional = fields.Boolean(required=True)


class StarOut(Schema):
    """A proposal and where it stands."""

    id = fields.UUID(required=True)
    level = fields.Integer(required=True)
    state = fields.Enum(State, by_value=True, required=True)
    organisation_id = fields.UUID(required=True)
    threshold_minutes = fields.Integer(required=True)
    service_minutes = fields.Integer(required=True, metadata={"description": "提出时的服务时长 · when it was proposed"})
    current_minutes = fields.Integer(required=True)
    proposed_at = Instant(required=True)
    ends_on = fields.Date(required=True)
    provisional = fields.Boolean(required=True)
    decided_at = Instant(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class ProposedStarOut(StarOut):
    """The same for whoever decides: the volunteer's number, the name masked."""

    volunteer_no = fields.String(required=True)
    volunteer_name = fields.String(required=True)


class StarObjectionOut(Schema):
    """An objection to a star, and its answer; who objected is not told."""

    id = fields.UUID(required=True)
    reason = fields.String(required=True)
    made_at = Instant(required=True)
    outcome = fields.String(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)
    answered_at = Instant(required=True, allow_none=True)


class StarWithObjectionsOut(StarOut):
    """A proposal with what was said against it."""

    objections = fields.List(fields.Nested(StarObjectionOut), required=True)


class NextStarOut(Schema):
    """The next star, and how much service it still takes."""

    level = fields.Integer(required=True)
    threshold_minutes = fields.Integer(required=True)
    missing_minutes = fields.Integer(required=True)


class MyStarsOut(Schema):
    """What one has served, the star that one has (0: none), and the next one."""

    service_minutes = fields.Integer(required=True)
    level = fields.Integer(required=True)
    next = fields.Nested(NextStarOut, required=True, allow_none=True)
    items = fields.List(fields.Nested(StarOut), required=True)


def star_out(standing: Standing, now: datetime) -> dict[str, Any]:
    """Return what is shown of a proposal."""
    proposal, decision, review = standing.proposal, standing.decision, standing.review
    last = review or decision
    own = (
        "id",
        "level",
        "organisation_id",
        "threshold_minutes",
        "service_minutes",
        "proposed_at",
        "ends_on",
        "provisional",
    )
    return {
        **{name: getattr(proposal, name) for name in own},
        "state": standing.state(now),
        "current_minutes": standing.minutes,
        "decided_at": review.reviewed_at if review else decision.decided_at if decision else None,
        "reason": last.reason if last else None,
    }


def proposed_star_out(row: Any, standing: Standing, now: datetime) -> dict[str, Any]:
    """Return what deciders see of a row with the volunteer's number and name."""
    named = {"volunteer_no": row.volunteer_no, "volunteer_name": masked_name(row.display_name)}
    return star_out(standing, now) | named


def notice_out(row: Any) -> dict[str, Any]:
    """Return what everybody sees."""
    proposal = row[0]
    return {name: getattr(proposal, name) for name in ("id", "level", "ends_on", "provisional")} | {
        "volunteer_name": masked_name(row.display_name),
        "organisation_name": row.organisation_name,
    }


def with_objections(
    standing: Standing, found: Sequence[tuple[StarObjection, StarObjectionAnswer | None]], now: datetime
) -> dict[str, Any]:
    """Return a proposal with what was said against it."""
    said = [
        {
            "id": one.id,
            "reason": one.reason,
            "made_at": one.made_at,
            "outcome": answer.outcome if answer else None,
            "answer": answer.answer if answer else None,
            "answered_at": answer.answered_at if answer else None,
        }
        for one, answer in found
    ]
    return star_out(standing, now) | {"objections": said}


def my_stars(minutes: int, thresholds: Sequence[int], found: Sequence[Standing], now: datetime) -> dict[str, Any]:
    """Return what somebody sees of their stars."""
    level = max((one.proposal.level for one in found if one.state(now) in HELD), default=0)
    following = None
    if level < len(thresholds):
        threshold = thresholds[level]
        missing = max(0, threshold - minutes)
        following = {"level": level + 1, "threshold_minutes": threshold, "missing_minutes": missing}
    items = [star_out(one, now) for one in reversed(found)]
    return {"service_minutes": minutes, "level": level, "next": following, "items": items}

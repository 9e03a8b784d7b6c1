"""What goes in and out of the endpoints of anomalies."""

from collections.abc import Sequence
from typing import Any

from marshmallow import fields

from timebank.anomalies.models import Anomaly, AnomalyDecision
from timebank.anomalies.rules import SENTENCES, AnomalyKind, AnomalyState, Outcome
from timebank.anomalies.service import state_of
from timebank.web.fields import Instant, PlainText
from timebank.web.schemas import PageQuery, Schema


class AnomalyQuery(PageQuery):
    """Which anomalies; the list holds what lies in scope."""

    state = fields.Enum(AnomalyState, by_value=True)
    kind = fields.Enum(AnomalyKind, by_value=True)
    organisation = fields.UUID()


class AnomalyOut(Schema):
    """Something that looks wrong: what, where, whose records and people, and where it stands."""

    id = fields.UUID(required=True)
    kind = fields.Enum(AnomalyKind, by_value=True, required=True)
    state = fields.Enum(AnomalyState, by_value=True, required=True)
    organisation_id = fields.UUID(required=True)
    happened_on = fields.Date(required=True)
    found_at = Instant(required=True)
    explanation = fields.String(required=True)
    record_ids = fields.List(fields.UUID(), required=True)
    person_ids = fields.List(fields.UUID(), required=True)


class AnomalyDecisionOut(Schema):
    """What a person has decided, and why."""

    number = fields.Integer(required=True)
    outcome = fields.Enum(Outcome, by_value=True, required=True)
    reason = fields.String(required=True)
    decided_by = fields.UUID(required=True)
    decided_at = Instant(required=True)


class AnomalyWithDecisionsOut(AnomalyOut):
    """An anomaly and everything that was decided about it, the first decision first."""

    decisions = fields.List(fields.Nested(AnomalyDecisionOut), required=True)


class AnomalyDecisionBody(Schema):
    """A decision, and why."""

    outcome = fields.Enum(Outcome, by_value=True, required=True)
    reason = PlainText(required=True, max_length=500)


def anomaly_out(anomaly: Anomaly, decision: AnomalyDecision | None, *, english: bool) -> dict[str, Any]:
    """Return what ``AnomalyOut`` shows of an anomaly with its last decision."""
    kind = AnomalyKind(anomaly.kind)
    zh, en = SENTENCES[kind]
    return {
        "id": anomaly.id,
        "kind": kind,
        "state": state_of(decision),
        "organisation_id": anomaly.organisation_id,
        "happened_on": anomaly.happened_on,
        "found_at": anomaly.found_at,
        "explanation": (en if english else zh).format_map(anomaly.facts),
        "record_ids": anomaly.facts["records"],
        "person_ids": anomaly.facts["people"],
    }


def with_decisions(anomaly: Anomaly, decisions: Sequence[AnomalyDecision], *, english: bool) -> dict[str, Any]:
    """Return what ``AnomalyWithDecisionsOut`` shows."""
    shown = [
        {
            "number": one.number,
            "outcome": Outcome(one.outcome),
            "reason": one.reason,
            "decided_by": one.decided_by,
            "decided_at": one.decided_at,
        }
        for one in decisions
    ]
    return anomaly_out(anomaly, decisions[-1] if decisions else None, english=english) | {"decisions": shown}

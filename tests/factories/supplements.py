"""Supplements and findings of fraud, through the verbs themselves."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import kept
from tests.factories.activities import a_shift, an_activity
from tests.factories.attendance import NINE, post_once
from tests.factories.identity import a_person, signed_in
from timebank import clock
from timebank.activities.models import Shift
from timebank.database import in_unit_of_work
from timebank.identity.rules import Actor
from timebank.records import findings, supplements
from timebank.records.revisions import Recorded
from timebank.records.supplement_rules import Verdict
from timebank.records.supplement_tables import FraudFinding, Supplement

EVIDENCE = "0123456789abcdef" * 4
EVENING = NINE + timedelta(hours=10)


def a_past_shift(*, organisation_id: UUID | None = None, leader_id: UUID | None = None, days_later: int = 0) -> Shift:
    """Publish a shift from nine to twelve, of an activity of its own."""
    starts_at = NINE + timedelta(days=days_later)
    return a_shift(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        activity_id=an_activity(organisation_id=organisation_id, leader_id=leader_id).id,
    )


def a_supplement(shift: Shift, *, actor: Actor | None = None, minutes: int = 120, **other: Any) -> Supplement:
    """Ask for a supplement from the shift's beginning on, by default for oneself, in the evening of its day."""
    who = actor or Actor(a_person().id)
    started_at = other.pop("started_at", shift.starts_at)
    with clock.at(other.pop("at", shift.starts_at + timedelta(hours=10))):
        return kept(
            lambda: supplements.request(
                actor=who,
                shift_id=shift.id,
                started_at=started_at,
                ended_at=started_at + timedelta(minutes=minutes),
                reason="手机没电，没能扫码",
                evidence=[EVIDENCE],
                **other,
            )
        )


def reviewed(actor: Actor, supplement: Supplement, verdict: Verdict = Verdict.APPROVE) -> Recorded | None:
    """Review a supplement in the evening of its day."""
    with clock.at(supplement.requested_at + timedelta(minutes=5)):
        return in_unit_of_work(
            lambda: supplements.review(actor=actor, supplement_id=supplement.id, verdict=verdict, reason="与签到表一致")
        )


def a_finding(actor: Actor, *, person_id: UUID, record_id: UUID) -> FraudFinding:
    """Find that a record was false."""
    return kept(lambda: findings.find(actor=actor, person_id=person_id, record_id=record_id, reason="时长系购买"))


def a_request(shift: Shift, **other: Any) -> dict[str, Any]:
    """Return the body of a request for the first two hours of a shift; ``other`` says something else."""
    given = {
        "shift_id": str(shift.id),
        "started_at": shift.starts_at.isoformat(),
        "ended_at": (shift.starts_at + timedelta(hours=2)).isoformat(),
        "reason": "手机没电，没能扫码",
        "evidence": [EVIDENCE],
    }
    return given | other


def ask(client: FlaskClient, who: Any, shift: Shift, *, at: datetime = EVENING, **other: Any) -> TestResponse:
    """Ask for a supplement through HTTP, in the evening of the first day."""
    with clock.at(at):
        return post_once(client, "/supplements", who, a_request(shift, **other))


def review(client: FlaskClient, who: Any, supplement_id: Any, decision: str = "approve") -> TestResponse:
    """Review a supplement through HTTP, an hour later."""
    body = {"decision": decision, "reason": "与签到表一致"}
    with clock.at(EVENING + timedelta(hours=1)):
        return client.post(f"/api/v1/supplements/{supplement_id}/reviews", json=body, headers=signed_in(who))

"""Training, awards, evaluations and complaints, several hands at once: each fact is there once, nothing ends in a 500."""

from collections import Counter
from collections.abc import Callable
from datetime import date

from flask import Flask
from sqlalchemy import func, select

from tests.concurrency.crowds import all_at_once
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from tests.factories.records import a_record
from timebank.awards import service as awards
from timebank.awards.models import Award
from timebank.complaints import service as complaints
from timebank.complaints.rules import Kind, Outcome
from timebank.database import in_unit_of_work, session
from timebank.evaluations import service as evaluations
from timebank.training import service as training
from timebank.training.models import TrainingParticipation
from timebank.training.service import Participant

RACERS = 8


def race(app: Flask, work: Callable[[], object]) -> Counter[str]:
    """Let eight threads do ``work`` at once; return how often each outcome came."""
    return all_at_once(app, [work] * RACERS)


def test_one_list_from_eight_desks_is_one_list(app: Flask) -> None:
    """Everybody on it stands there once, whoever was first."""
    organisation = an_organisation()
    clerk, people = a_coordinator(organisation.id), [a_person() for _ in range(5)]
    course = in_unit_of_work(
        lambda: training.enter(
            actor=clerk,
            organisation_id=organisation.id,
            name="急救",
            content="心肺复苏",
            held_on=date(2026, 1, 5),
            learning_minutes=60,
        )
    )
    listed = [Participant(volunteer_no=person.volunteer_no) for person in people]
    outcomes = race(app, lambda: training.take_part(actor=clerk, training_id=course.id, participants=listed))
    assert outcomes == {"done": RACERS}
    assert in_unit_of_work(lambda: session.scalar(select(func.count(TrainingParticipation.id))), write=False) == 5


def test_one_award_from_eight_desks_is_one_award(app: Flask) -> None:
    """One is entered, the others learn that it is there."""
    organisation, person = an_organisation(), a_person()
    clerk = a_coordinator(organisation.id)
    outcomes = race(
        app,
        lambda: awards.enter(
            actor=clerk,
            organisation_id=organisation.id,
            volunteer_no=person.volunteer_no,
            name="优秀志愿者",
            awarding_unit="街道",
            awarded_on=date(2026, 1, 5),
            evidence_note="证书",
        ),
    )
    assert outcomes == {"done": 1, "AWARD_ENTERED": RACERS - 1}
    assert in_unit_of_work(lambda: session.scalar(select(func.count(Award.id))), write=False) == 1


def test_one_invitation_is_answered_once(app: Flask) -> None:
    """A family that taps at once says one thing; eight leaders' clicks are one evaluation; invitations get slots of their own."""
    organisation = an_organisation()
    record, leader = a_record(organisation=organisation), a_coordinator(organisation.id)
    invited = in_unit_of_work(lambda: evaluations.invite(actor=leader, record_id=record.record_id))
    taps = race(app, lambda: evaluations.evaluate_by_invitation(code=invited[1], score=5))
    assert taps == {"done": 1, "INVITATION_USED": RACERS - 1}
    clicks = race(app, lambda: evaluations.evaluate(actor=leader, record_id=record.record_id, score=4))
    assert clicks == {"done": 1, "EVALUATION_MADE": RACERS - 1}
    invitations = race(app, lambda: evaluations.invite(actor=leader, record_id=record.record_id))
    assert invitations == {"done": RACERS}


def test_one_complaint_has_one_answer(app: Flask) -> None:
    """Of eight who answer at once one does."""
    organisation, who = an_organisation(), a_person()
    clerk = a_coordinator(organisation.id)
    complaint_id = in_unit_of_work(
        lambda: complaints.complain(
            complainant_id=who.id, organisation_id=organisation.id, kind=Kind.MONEY, words="收了五元"
        )
    )
    outcomes = race(
        app,
        lambda: complaints.answer(actor=clerk, complaint_id=complaint_id, outcome=Outcome.UPHELD, answer="已退还"),
    )
    assert outcomes == {"done": 1, "COMPLAINT_ANSWERED": RACERS - 1}

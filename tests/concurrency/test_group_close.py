"""A whole shift at once: phones that come in the same second, leaders who close at once, and who leaves meanwhile."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.factories.activities import an_activity, an_open_shift
from tests.factories.attendance import checked_in, post_once, screen_of
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.activities.models import Shift
from timebank.attendance import closing
from timebank.attendance.models import Attendance
from timebank.codes.layouts import utc_text
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.ledger.models import Transfer
from timebank.records.account import account_of
from timebank.records.models import Revision

PHONES = 200
AT_ONCE = 16


def together(app: Flask, sends: Sequence[Callable[[FlaskClient], Any]]) -> list[Any]:
    """Send requests at the same time, each from a thread and a connection of its own; return their answers in order."""
    start = Barrier(len(sends))

    def run(send: Callable[[FlaskClient], Any]) -> Any:
        with app.app_context():
            start.wait()
            return send(app.test_client())

    with ThreadPoolExecutor(len(sends)) as pool:
        return list(pool.map(run, sends))


def told(answers: Sequence[Any]) -> Counter[tuple[int, str]]:
    """Return how often each status and code came."""
    return Counter((answer.status_code, answer.json.get("code", "")) for answer in answers)


def looked_up(statement: Any) -> list[Any]:
    """Return the rows of a statement."""
    return in_unit_of_work(lambda: [tuple(row) for row in session.execute(statement)], write=False)


def a_shift_with(people: int) -> tuple[Shift, list[Person], list[Actor]]:
    """Return a shift with so many people inside since an hour, and three coordinators who may close it."""
    organisation = an_organisation()
    activity = an_activity(organisation_id=organisation.id)
    now = clock.now()
    with clock.at(now - timedelta(hours=1)):
        shift = an_open_shift(activity_id=activity.id, capacity=PHONES + 50)
        inside = [a_person() for _ in range(people)]
        for person in inside:
            checked_in(person.id, shift)
    return shift, inside, [a_coordinator(organisation.id) for _ in range(3)]


def each_once(people: int) -> bool:
    """Whether so many people have one closed attendance, one record and one credit of an hour each."""
    ends = looked_up(select(Attendance.state, func.count()).group_by(Attendance.state))
    records = looked_up(select(func.count(Revision.id), func.count(Revision.volunteer_id.distinct())))
    credited = looked_up(select(func.count(Transfer.id), func.count(Transfer.credit_id.distinct())))
    return (ends, records, credited) == ([("closed", people)], [(people, people)], [(people, people)])


def test_two_hundred_phones_come_in_within_a_second_and_go_home_together(app: Flask) -> None:
    """Two hundred check-ins through HTTP, as many at once as there are threads; one close credits all, in one batch."""
    shift, _, (coordinator, *_) = a_shift_with(0)
    people = [a_person() for _ in range(PHONES)]
    arriving = clock.now()

    def arrive(person: Person) -> int:
        with app.app_context(), clock.at(arriving):
            answer = post_once(app.test_client(), "/check-ins", person, {"token": screen_of(shift)})
            return answer.status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert Counter(pool.map(arrive, people)) == {201: PHONES}
    with clock.at(arriving + timedelta(minutes=60)):
        closed = post_once(app.test_client(), f"/shifts/{shift.id}/close", coordinator, {}).json
    assert {name: closed[name] for name in ("closed", "pending", "credited_minutes")} == {
        "closed": PHONES,
        "pending": 0,
        "credited_minutes": PHONES * 60,
    }
    assert each_once(PHONES)
    assert len(looked_up(select(Transfer.batch_id).distinct())) == 1


def test_leaders_who_close_at_once_close_it_once(app: Flask) -> None:
    """Whoever is first sends everybody home; the others find nobody, and nothing is credited twice."""
    shift, _, coordinators = a_shift_with(30)

    def close(actor: Actor) -> Callable[[FlaskClient], Any]:
        return lambda client: post_once(client, f"/shifts/{shift.id}/close", actor, {})

    answers = together(app, [close(actor) for actor in coordinators * 2])
    assert told(answers) == {(200, ""): 6}
    assert sorted(answer.json["closed"] for answer in answers) == [0] * 5 + [30]
    assert each_once(30)


def test_a_close_and_ones_own_check_out_in_the_same_instant(app: Flask) -> None:
    """Each person leaves by one of the two: one record, one credit; who was second learns that they have left."""
    shift, inside, (coordinator, *_) = a_shift_with(15)

    def leave(person: Person) -> Callable[[FlaskClient], Any]:
        return lambda client: post_once(client, "/check-outs", person, {"token": screen_of(shift)})

    closes = [lambda client: post_once(client, f"/shifts/{shift.id}/close", coordinator, {})]
    closed, *left = together(app, [*closes, *(leave(person) for person in inside)])
    assert closed.status_code == 200
    answers = told(left)
    assert answers.keys() <= {(201, ""), (409, "ALREADY_CHECKED_OUT")}
    assert answers[201, ""] + closed.json["closed"] == len(inside)
    assert each_once(15)


def test_a_close_and_late_comers_in_the_same_instant(app: Flask) -> None:
    """Who comes in before it goes home with it, who comes after finds it closed; a second close finds nobody."""
    shift, _, (coordinator, *_) = a_shift_with(5)
    people = [a_person() for _ in range(12)]

    def arrive(person: Person) -> Callable[[FlaskClient], Any]:
        return lambda client: post_once(client, "/check-ins", person, {"token": screen_of(shift)})

    def close(client: FlaskClient) -> Any:
        return post_once(client, f"/shifts/{shift.id}/close", coordinator, {})

    closed, *came = together(app, [close, *(arrive(person) for person in people)])
    answers = told(came)
    assert answers.keys() <= {(201, ""), (409, "ALREADY_CLOSED"), (409, "SHIFT_OVER")}
    assert closed.json["closed"] == 5 + answers[201, ""]
    assert close(app.test_client()).json["closed"] == 0
    assert looked_up(select(Attendance.state).distinct()) == [("closed",)]


def test_sweeps_at_once_and_those_who_come_back(app: Flask) -> None:
    """Sweeps share the work while the forgetful check in elsewhere: each forgotten stay is closed once, nothing clashes."""
    _, inside, _ = a_shift_with(12)
    with clock.at(clock.now() + timedelta(hours=5)):
        other = an_open_shift()
    evening = clock.now() + timedelta(hours=5)

    def swept(_client: FlaskClient) -> int:
        with clock.at(evening):
            return in_unit_of_work(lambda: closing.sweep(limit=7))

    def arrive(person: Person) -> Callable[[FlaskClient], int]:
        def send(client: FlaskClient) -> int:
            with clock.at(evening):
                return post_once(client, "/check-ins", person, {"token": screen_of(other)}).status_code

        return send

    answers = together(app, [swept, swept, swept, *(arrive(person) for person in inside[:6])])
    assert answers[3:] == [201] * 6
    while swept(app.test_client()):
        pass
    states = dict(looked_up(select(Attendance.state, func.count()).group_by(Attendance.state)))
    assert states == {"auto_closed": 12, "open": 6}
    assert looked_up(select(func.count(Revision.id), func.count(Revision.record_id.distinct()))) == [(12, 12)]


def test_late_check_outs_at_once_are_one(app: Flask) -> None:
    """Ten phones of somebody who forgot: the record is dated anew once."""
    shift, (person, *_), _ = a_shift_with(1)
    evening = clock.now() + timedelta(hours=5)
    with clock.at(evening):
        in_unit_of_work(lambda: closing.sweep(limit=7))

    def leave(client: FlaskClient) -> Any:
        with clock.at(evening):
            return post_once(client, "/check-outs", person, {"token": screen_of(shift)})

    assert told(together(app, [leave] * 10)) == {(201, ""): 1, (409, "ALREADY_CHECKED_OUT"): 9}
    assert looked_up(select(Revision.number).order_by(Revision.number)) == [(1,), (2,)]


def test_amendments_and_a_decision_at_once_leave_one_truth(app: Flask) -> None:
    """Coordinators adjust, annul and approve one forgotten stay at the same instant: record and credit agree at the end."""
    _, (person, *_), coordinators = a_shift_with(1)
    evening = clock.now() + timedelta(hours=5)
    with clock.at(evening):
        in_unit_of_work(lambda: closing.sweep(limit=7))
    [(attendance_id, record_id, began)] = looked_up(
        select(Attendance.id, Attendance.record_id, Attendance.checked_in_at)
    )

    def send(actor: Actor, path: str, **body: str) -> Callable[[FlaskClient], Any]:
        def sending(client: FlaskClient) -> Any:
            with clock.at(evening):
                return post_once(client, path, actor, {"reason": "核实", **body})

        return sending

    ends = [utc_text((began + timedelta(minutes=minutes)).replace(microsecond=0)) for minutes in (30, 40, 50)]
    one, other, third = coordinators
    answers = together(
        app,
        [
            *(send(one, f"/attendances/{attendance_id}/adjust", checked_out_at=end) for end in ends),
            send(other, f"/attendances/{attendance_id}/annul"),
            send(third, f"/records/{record_id}/approve"),
        ],
    )
    assert all(answer.status_code in {200, 403, 409} for answer in answers), [answer.json for answer in answers]
    state, credited = looked_up(
        select(Revision.state, Revision.credited_minutes).order_by(Revision.number.desc()).limit(1)
    )[0]
    assert state in {"final", "rejected"}
    assert sum(minutes for (minutes,) in looked_up(select(Transfer.minutes))) == credited
    [(kept,)] = looked_up(select(Attendance.state))
    assert (kept == "annulled") == (state == "rejected")
    assert in_unit_of_work(lambda: account_of(person.id), write=False)["balance_minutes"] == credited

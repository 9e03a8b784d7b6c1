"""Past hours: what becomes of a line, what it may not take, and who lets it count."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories.activities import an_activity
from tests.factories.attendance import a_morning_shift, checked_in, minutes_past_nine
from tests.factories.family import a_relation
from tests.factories.identity import a_coordinator, a_person
from tests.factories.imports import HOURS, ROSTER, SHENZHEN, a_csv, checked, faults_of, imported, wanted
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import a_service, recorded
from timebank import clock
from timebank.activities.models import Activity
from timebank.attendance import derivations
from timebank.clock import SHANGHAI
from timebank.database import in_unit_of_work, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.imports import service
from timebank.imports.rules import Counts, Kind
from timebank.imports.service import Approval, Report
from timebank.organisations.models import Organisation
from timebank.records import queries
from timebank.records import service as records
from timebank.records.account import account_of
from timebank.records.errors import SecondPersonNeeded
from timebank.records.models import Revision

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


@dataclass
class Street:
    """An organisation with two volunteers, an activity, and two coordinators."""

    ours: Organisation
    activity: Activity
    importer: Actor
    other: Actor

    def look(self, *lines: list[str]) -> Report:
        """Look what lines of the generic layout would do."""
        with clock.at(NOON):
            return checked(wanted(self.importer, a_csv(HOURS, lines), Kind.HOURS, self.ours.id))

    def take_in(self, *lines: list[str]) -> Report:
        """Import lines of the generic layout."""
        with clock.at(NOON):
            return imported(wanted(self.importer, a_csv(HOURS, lines), Kind.HOURS, self.ours.id))

    def approve(self, report: Report, actor: Actor | None = None) -> Approval:
        """Approve an import, as the other coordinator unless another is given."""
        assert report.entry is not None
        work = partial(service.approve, actor=actor or self.other, import_id=report.entry.id, reason="已与旧系统核对")
        with clock.at(NOON):
            return in_unit_of_work(work)


@pytest.fixture
def street(app: Flask) -> Street:
    """V001 is 张三, V002 is 李四."""
    ours = an_organisation("三色堇")
    importer = a_coordinator(ours.id)
    roster = a_csv(ROSTER, [["V001", "张三", "", "", "", ""], ["V002", "李四", "", "", "", ""]])
    imported(wanted(importer, roster, organisation_id=ours.id))
    return Street(ours, an_activity("护绿", organisation_id=ours.id), importer, a_coordinator(ours.id))


def a_line(
    on: str = "2025-03-05", starts: str = "08:30", ends: str = "11:30", minutes: str = "", **other: str
) -> list[str]:
    """Return a line of 张三's."""
    cells = {"number": "V001", "name": "张三", "activity": "护绿", "place": "", "organisation": ""} | other
    head = [cells["number"], cells["name"], cells["activity"]]
    return [*head, on, starts, ends, minutes, cells["place"], cells["organisation"]]


def current() -> list[Revision]:
    """Return the current revision of every record, by day."""
    found = queries.current().order_by(Revision.started_at)
    return in_unit_of_work(lambda: list(session.scalars(found)), write=False)


def the_only(name: str) -> Person:
    """Return the one person of a name."""
    return in_unit_of_work(
        lambda: session.scalars(select(Person).where(Person.display_name == name)).one(), write=False
    )


@pytest.mark.rule("R09")
def test_imported_hours_wait_for_a_second_person_and_are_honour_only(street: Street) -> None:
    """Provenance import; who imported them approves none of them; approved, they count as service and earn nothing."""
    report = street.take_in(a_line(), a_line("2025-03-06", "22:00", "01:30", "180", place="河边"))
    assert report.counts == Counts(lines=2, created=2)
    first, second = current()
    assert {(one.state, one.provenance, one.reason) for one in (first, second)} == {
        ("pending_review", "import", "旧系统迁移")
    }
    assert (first.served_on, first.service_minutes, first.raw_minutes) == (date(2025, 3, 5), 180, 180)
    assert (second.ended_at - second.started_at).total_seconds() == 3.5 * 3600
    assert (second.service_minutes, second.raw_minutes, second.place) == (180, 180, "河边")

    with pytest.raises(SecondPersonNeeded):
        street.approve(report, street.importer)
    with pytest.raises(SecondPersonNeeded):
        in_unit_of_work(lambda: records.approve(actor=street.importer, record_id=first.record_id, reason="x"))
    assert street.approve(report) == (2, 0, None)
    assert street.approve(report) == (0, 0, None)
    assert {(one.state, one.number, one.credited_minutes) for one in current()} == {("final", 2, 0)}
    person_id = the_only("张三").id
    account = in_unit_of_work(lambda: account_of(person_id), write=False)
    assert (account["balance_minutes"], account["service_minutes"], account["by_provenance"]["import"]) == (0, 360, 360)


def test_a_policy_may_credit_what_was_imported(street: Street) -> None:
    """Where the city says so on the day of service: each of several records of one person once."""
    with clock.at(datetime(2025, 1, 1, tzinfo=UTC)):
        a_policy("credit_provenances", ["self_scan", "import"])
    report = street.take_in(a_line(), a_line("2025-03-05", "13:00", "14:00"), a_line("2025-03-06"))
    assert street.approve(report).approved == 3
    person_id = the_only("张三").id
    account = in_unit_of_work(lambda: account_of(person_id), write=False)
    assert (account["balance_minutes"], account["service_minutes"]) == (420, 420)


def test_an_imported_record_can_be_worked_out_again(street: Street) -> None:
    """Also the third of a day that is too long, and one whose stated minutes are fewer than lie between its ends."""
    street.take_in(
        a_line("2025-03-05", "00:10", "05:10", "240"),
        a_line("2025-03-05", "06:00", "11:00"),
        a_line("2025-03-05", "12:00", "17:00"),
    )
    flags = {}
    for revision in current():
        derived = in_unit_of_work(partial(derivations.derive, revision.record_id), write=False)
        assert derived.differences == []
        flags[revision.started_at.astimezone(SHANGHAI).hour] = revision.flags
    assert flags == {0: "", 6: "OVER_DAILY", 12: "OVER_DAILY"}


def test_again_changes_nothing(street: Street) -> None:
    """The same file, the same lines among others, in another layout, after a review that refused one of them."""
    first = street.take_in(a_line(), a_line("2025-03-06"))
    rejected = current()[0]
    in_unit_of_work(lambda: records.reject(actor=street.other, record_id=rejected.record_id, reason="没有这回事"))
    street.approve(first)
    again = street.take_in(a_line(), a_line("2025-03-06"))
    assert (again.counts, again.entry and again.entry.id) == (
        Counts(lines=2, unchanged=2),
        first.entry and first.entry.id,
    )
    more = street.take_in(a_line(), a_line("2025-03-06"), a_line("2025-03-06"), a_line("2025-03-07"))
    assert more.counts == Counts(lines=4, created=1, unchanged=2, merged=1)
    sheet = a_csv(SHENZHEN, [["1", "V001", "张三", "护绿", "2025/03/06", "08:30", "11:30", "3"]])
    with clock.at(NOON):
        other = imported(wanted(street.importer, sheet, Kind.HOURS, street.ours.id))
    assert other.counts == Counts(lines=1, unchanged=1)
    assert len(current()) == 3


@pytest.mark.rule("R10")
def test_nobody_serves_in_two_places_at_once(street: Street) -> None:
    """Neither in the file nor with what is on record, pending or final, nor while they are at a shift right now."""
    street.take_in(a_line(), a_line("2025-03-05", "13:00", "14:00", number="V002", name="李四"))
    report = street.look(
        a_line("2025-03-05", "11:29", "12:00"),
        a_line("2025-03-05", "11:30", "12:30", number="V002", name="李四"),
        a_line("2025-04-01", "08:00", "12:00"),
        a_line("2025-04-01", "09:00", "10:00"),
        a_line("2025-04-01", "11:59", "12:30"),
        a_line("2025-04-01", "12:00", "12:30", number="V002", name="李四"),
        a_line("2025-03-05", "08:30", "11:30", "90"),
    )
    assert faults_of(report) == [
        (2, "签到时间", "OVERLAPS_RECORD"),
        (5, "签到时间", "OVERLAPS_LINE"),
        (6, "签到时间", "OVERLAPS_LINE"),
        (8, "服务分钟", "RECORDED_OTHERWISE"),
    ]
    assert "2025-03-05 08:30" in report.faults[0].reason()


def test_who_is_at_a_shift_serves_nowhere_else(street: Street) -> None:
    """A line about this very morning is refused while its person is inside."""
    shift = a_morning_shift(activity_id=street.activity.id)
    with minutes_past_nine(5):
        checked_in(the_only("张三").id, shift)
    with minutes_past_nine(120):
        asked = wanted(
            street.importer, a_csv(HOURS, [a_line("2026-11-02", "09:30", "10:30")]), Kind.HOURS, street.ours.id
        )
        assert faults_of(checked(asked)) == [(2, "签到时间", "OVERLAPS_RECORD")]


def test_times_that_cannot_be(street: Street) -> None:
    """In the future, before there was any volunteering, longer than a day, backwards, more than lies between, too full a day."""
    cases = (
        (("2026-11-20", "11:00", "12:01"), ("服务日期", "DATE_IN_FUTURE")),
        (("1979-12-31", "08:00", "09:00"), ("服务日期", "DATE_TOO_EARLY")),
        (("2025-03-05", "08:00", "2025-03-06 08:00:01"), ("签退时间", "LONGER_THAN_A_DAY")),
        (("2025-03-05", "08:00", "08:00"), ("签退时间", "ENDS_BEFORE_IT_STARTS")),
        (("2025-03-05", "08:00", "2025-03-05 07:00"), ("签退时间", "ENDS_BEFORE_IT_STARTS")),
        (("2025-03-05", "2025-03-04 08:00", "09:00"), ("签到时间", "STARTS_ANOTHER_DAY")),
        (("2025-03-05", "08:00", "09:00", "61"), ("服务分钟", "MORE_THAN_THE_TIMES")),
        (("2025-03-05", "00:00", "23:00"), ("服务日期", "DAY_TOO_FULL")),
    )
    for cells, (column, code) in cases:
        assert faults_of(street.look(a_line(*cells))) == [(2, column, code)], cells
    assert street.look(a_line("2026-11-20", "11:00", "12:00")).faults == []
    street.take_in(a_line("2025-03-05", "01:00", "11:00"))
    full = street.look(a_line("2025-03-05", "12:00", "15:00"), a_line("2025-03-05", "16:00", "19:01"))
    assert faults_of(full) == [(3, "服务日期", "DAY_TOO_FULL")]


@pytest.mark.rule("R08")
def test_whom_a_line_may_not_name(street: Street) -> None:
    """Nobody, somebody else, oneself, a relative; an activity that there is not, or two of one name."""
    me = in_unit_of_work(lambda: session.get_one(Person, street.importer.person_id), write=False)
    mother = a_person("王母")
    a_relation(me.id, mother.id)
    an_activity("理发", organisation_id=street.ours.id)
    an_activity("理发", organisation_id=street.ours.id)
    an_activity("别处的活动")
    cases = (
        ({"number": "V009"}, ("志愿者编号", "PERSON_UNKNOWN")),
        ({"name": "张三丰"}, ("姓名", "NAME_DIFFERS")),
        ({"number": me.volunteer_no, "name": me.display_name}, ("", "OWN_SERVICE")),
        ({"number": mother.volunteer_no, "name": "王母"}, ("", "RELATIVES_SERVICE")),
        ({"activity": "别处的活动"}, ("活动名称", "ACTIVITY_UNKNOWN")),
        ({"activity": "理发"}, ("活动名称", "AMBIGUOUS")),
    )
    for other, (column, code) in cases:
        assert faults_of(street.look(a_line(**other))) == [(2, column, code)], other


@pytest.mark.rule("R38")
def test_a_minors_hours_come_back_under_the_name_that_exports_show(street: Street) -> None:
    """The first character, for whoever has a birth date of less than 18 years ago; of others it is another name."""
    assert faults_of(street.look(a_line(name="张*"))) == [(2, "姓名", "NAME_DIFFERS")]
    roster = a_csv(ROSTER, [["V001", "张三", "2014-01-01", "", "", ""]])
    imported(wanted(street.importer, roster, organisation_id=street.ours.id))
    assert street.take_in(a_line(name="张*")).counts.created == 1
    assert street.look(a_line()).counts.unchanged == 1


@pytest.mark.rule("R08")
def test_what_an_approval_leaves_to_a_look_at_each(street: Street) -> None:
    """The approver's own and their relatives' records, and time that another record counts by now."""
    own = in_unit_of_work(lambda: session.get_one(Person, street.other.person_id), write=False)
    daughter = a_person("王女")
    a_relation(own.id, daughter.id)
    report = street.take_in(
        a_line(),
        a_line(number=own.volunteer_no, name=own.display_name),
        a_line(number=daughter.volunteer_no, name="王女"),
        a_line("2025-03-06"),
    )
    twice = next(one for one in current() if one.served_on == date(2025, 3, 6))
    recorded(a_service(volunteer_id=twice.volunteer_id, started_at=twice.started_at, organisation=street.ours))
    done = street.approve(report)
    assert (done.approved, done.waiting) == (1, 3)
    left = {(one.volunteer_id, one.served_on) for one in current() if one.state == "pending_review"}
    assert left == {
        (own.id, date(2025, 3, 5)),
        (daughter.id, date(2025, 3, 5)),
        (twice.volunteer_id, date(2025, 3, 6)),
    }


def test_a_notice_comes_before_the_end(street: Street) -> None:
    """Where the policy of the day asks for a public notice, an approved record is on it first (rule R07)."""
    with clock.at(datetime(2025, 1, 1, tzinfo=UTC)):
        a_policy("notice_days", 3)
    report = street.take_in(a_line())
    assert street.approve(report) == (1, 0, None)
    assert [one.state for one in current()] == ["pending_notice"]

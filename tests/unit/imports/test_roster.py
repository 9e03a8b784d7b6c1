"""Rosters: whom a line means, what it adds, and what it contradicts."""

from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.factories import kept
from tests.factories.identity import a_coordinator, a_person, an_admin
from tests.factories.imports import (
    ROSTER,
    WHOLE_ROSTER,
    a_csv,
    an_identity_number,
    checked,
    faults_of,
    imported,
    wanted,
)
from tests.factories.organisations import an_organisation
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.errors import Forbidden, NotFound
from timebank.identity.document_models import Document
from timebank.identity.models import Person
from timebank.identity.rules import Actor, PersonState
from timebank.imports.models import ImportedContact, ImportedFile, ImportedLine, ImportedNumber
from timebank.imports.rules import Counts
from timebank.imports.service import Report, Wanted
from timebank.organisations import members, particulars
from timebank.organisations.models import Area, Member, Organisation
from timebank.organisations.particulars import Particulars
from timebank.people import profiles


@pytest.fixture
def ours(app: Flask) -> Organisation:
    """An organisation with a roster to import."""
    return an_organisation("三色堇")


@pytest.fixture
def coordinator(ours: Organisation) -> Actor:
    """Whoever imports it."""
    return a_coordinator(ours.id)


def look(actor: Actor, organisation_id: UUID | None, *lines: list[str]) -> Report:
    """Look what lines would do."""
    return checked(wanted(actor, a_csv(ROSTER, lines), organisation_id=organisation_id))


def take_in(actor: Actor, organisation_id: UUID | None, *lines: list[str]) -> Report:
    """Import lines."""
    return imported(wanted(actor, a_csv(ROSTER, lines), organisation_id=organisation_id))


def done(report: Report) -> tuple[int, int, int, int]:
    """Return how many were created, changed, left as they were, and merged."""
    counts = report.counts
    return counts.created, counts.changed, counts.unchanged, counts.merged


def the_only(name: str) -> Person:
    """Return the one person of a name."""
    return in_unit_of_work(
        lambda: session.scalars(select(Person).where(Person.display_name == name)).one(), write=False
    )


def test_a_line_enrols_a_member(ours: Organisation, coordinator: Actor) -> None:
    """A person with a number of the bank's own and one of the organisation's, their birth date by whose word, a membership."""
    document = an_identity_number(date(1958, 3, 1))
    report = take_in(coordinator, ours.id, ["V001", "张三", "", document, "13800138000", ""])

    person = the_only("张三")
    assert (person.birth_on, person.birth_entered_by) == (date(1958, 3, 1), coordinator.person_id)
    assert person.volunteer_no != "V001"
    member = in_unit_of_work(lambda: session.scalars(select(Member)).one(), write=False)
    assert (member.person_id, member.organisation_id, member.admitted_by) == (person.id, ours.id, coordinator.person_id)
    entry = report.entry
    assert entry is not None
    line = in_unit_of_work(lambda: session.scalars(select(ImportedLine)).one(), write=False)
    assert (line.import_id, line.line, line.done, line.target_id) == (entry.id, 2, "created", person.id)
    assert (entry.actor_id, entry.reason, entry.lines, entry.created) == (coordinator.person_id, "旧系统迁移", 1, 1)


@pytest.mark.rule("R37")
def test_neither_document_nor_telephone_is_stored(ours: Organisation, coordinator: Actor) -> None:
    """Of either a keyed hash is kept, by which the person is known again, and of the document its last four characters."""
    document = an_identity_number(date(1958, 3, 1))
    take_in(coordinator, ours.id, ["V001", "张三", "", document, "13800138000", ""])

    texts = in_unit_of_work(
        lambda: [
            str(value)
            for table in (Person, Member, Document, ImportedFile, ImportedLine, ImportedNumber, ImportedContact)
            for row in session.execute(select(table.__table__))
            for value in row
        ],
        write=False,
    )
    assert not [text for text in texts if document in text or "13800138000" in text]
    assert done(look(coordinator, ours.id, ["", "张三", "", "", "13800138000", ""])) == (0, 0, 1, 0)
    assert done(look(coordinator, ours.id, ["", "张三", "", document, "", ""])) == (0, 0, 1, 0)
    kept = in_unit_of_work(lambda: session.scalars(select(Document)).one(), write=False)
    assert (kept.last_four, kept.entered_by, kept.organisation_id) == (document[-4:], coordinator.person_id, ours.id)


def test_people_are_found_by_rule(ours: Organisation, coordinator: Actor) -> None:
    """By the organisation's number, by the bank's own, by name and telephone; what is new about them is added, once."""
    there = a_person("李四")
    first = take_in(
        coordinator,
        ours.id,
        ["V001", "张三", "1958-03-01", "", "13800138000", ""],
        [there.volunteer_no, "李 四", "1960-01-01", "", "", ""],
    )
    assert done(first) == (1, 1, 0, 0)
    assert the_only("李四").birth_on == date(1960, 1, 1)
    by_phone = take_in(coordinator, ours.id, ["", "张三", "", "", "+86 138-0013-8000", ""])
    assert done(by_phone) == (0, 0, 1, 0)
    more = take_in(coordinator, ours.id, ["V001", "张三", "", "", "13900139000", ""])
    assert done(more) == (0, 1, 0, 0)
    assert done(take_in(coordinator, ours.id, ["", "张三", "", "", "13900139000", ""])) == (0, 0, 1, 0)


def test_what_nobody_has_said_of_sex_area_and_skills_is_added(ours: Organisation, coordinator: Actor) -> None:
    """A newcomer's come with the line; what somebody has said of themself stays as they said it, and is no fault."""

    def told(*lines: list[str]) -> Wanted:
        return wanted(coordinator, a_csv(WHOLE_ROSTER, lines), organisation_id=ours.id)

    home = in_unit_of_work(lambda: session.execute(select(Area.id, Area.path)).one(), write=False)
    line = ["V001", "张三", "女", "", "", "", home.path, '"理发，修鞋；理发"', ""]
    person = a_person("王五")
    person_id, number = person.id, person.volunteer_no
    sings = {person_id: Particulars(skills=("唱歌",))}
    in_unit_of_work(lambda: particulars.add_many(given=sings, by=person_id))
    known = [number, "王五", "male", "", "", "", "", "理发", ""]
    first, again = imported(told(line, known)), checked(told(line, known))

    assert (done(first), done(again)) == ((1, 1, 0, 0), (0, 0, 2, 0))
    late = {person_id: Particulars(sex="female", skills=("理发",))}  # said after the plan was made
    in_unit_of_work(lambda: particulars.add_many(given=late, by=coordinator.person_id))
    newcomer_id = the_only("张三").id
    shown = in_unit_of_work(lambda: [profiles.shown(one) for one in (newcomer_id, person_id)])
    assert [(one.sex, one.area_id, one.skills, one.version) for one in shown] == [
        ("female", home.id, ["理发", "修鞋"], 1),
        ("male", None, ["唱歌"], 2),
    ]
    report = checked(
        told(
            ["V002", "李四", "不详", "", "", "", "", "", ""],
            ["V003", "赵六", "", "", "", "", "0999.99", "", ""],
            ["V004", "钱七", "", "", "", "", "", "、".join("甲乙丙丁戊己庚辛壬癸子"), ""],
            ["V005", "孙八", "", "", "", "", "", "长" * 61, ""],
            ["V006", "周九", "", "", "", "", "", "、".join(f"{number}" + "\\" * 59 for number in range(7)), ""],
            ["V001", "张三", "男", "", "", "", "", "", ""],
            ["V001", "张三", "女", "", "", "", "", "", ""],
        )
    )
    assert faults_of(report) == [
        (2, "性别", "SEX_UNKNOWN"),
        (3, "居住区域编码", "AREA_UNKNOWN"),
        (4, "服务技能", "TOO_MANY"),
        (5, "服务技能", "TOO_LONG"),
        (6, "服务技能", "TOO_LONG"),
        (8, "性别", "CONTRADICTS_LINE"),
    ]


def test_lines_of_one_person_are_merged(ours: Organisation, coordinator: Actor) -> None:
    """Whatever they have in common: number, document, or name and telephone; two who share a telephone are two."""
    document = an_identity_number(date(1958, 3, 1))
    report = take_in(
        coordinator,
        ours.id,
        ["V001", "张三", "", document, "", ""],
        ["", "张 三", "1958-03-01", document, "13800138000", ""],
        ["V002", "王芳", "", "", "13800138000", ""],
        ["V001", "张三", "", "", "", ""],
    )
    assert done(report) == (2, 0, 0, 2)
    assert in_unit_of_work(lambda: session.scalar(select(func.count()).select_from(ImportedContact)), write=False) == 2


def test_what_leads_to_two_people_is_never_guessed(ours: Organisation, coordinator: Actor) -> None:
    """In the file and on record, whichever way round."""
    assert faults_of(
        look(
            coordinator,
            ours.id,
            ["V001", "张三", "", "", "", ""],
            ["V002", "张三", "", "", "13800138000", ""],
            ["V001", "张三", "", "", "13800138000", ""],
        )
    ) == [(4, "", "AMBIGUOUS")]
    take_in(coordinator, ours.id, ["V001", "张三", "", "", "", ""], ["", "张三", "", "", "13800138000", ""])
    assert faults_of(look(coordinator, ours.id, ["V001", "张三", "", "", "13800138000", ""])) == [(2, "", "AMBIGUOUS")]


def test_what_contradicts_the_record_is_a_fault(ours: Organisation, coordinator: Actor) -> None:
    """Another name, birth date or number, an account that is closed, somebody who has left."""
    take_in(
        coordinator,
        ours.id,
        ["V001", "张三", "1958-03-01", "", "13800138000", ""],
        ["V002", "李四", "", "", "", ""],
        ["V003", "王五", "", "", "", ""],
        ["V004", "赵六", "", an_identity_number(order=1), "", ""],
    )

    def change() -> None:
        session.scalars(select(Person).where(Person.display_name == "李四")).one().state = PersonState.FROZEN
        leaver = session.scalars(select(Person).where(Person.display_name == "王五")).one()
        member = session.scalars(select(Member).where(Member.person_id == leaver.id)).one()
        members.leave(person_id=leaver.id, member_id=member.id)

    in_unit_of_work(change)
    for line, column, code in (
        (["V001", "张三丰", "", "", "", ""], "姓名", "NAME_DIFFERS"),
        (["V009", "张三", "", "", "13800138000", ""], "志愿者编号", "NUMBER_DIFFERS"),
        (["", "张三", "1959-03-01", "", "13800138000", ""], "出生日期", "BIRTH_DIFFERS"),
        (["V004", "赵六", "", an_identity_number(order=2), "", ""], "证件号码", "DOCUMENT_DIFFERS"),
        (["V004", "张三", "", an_identity_number(order=1), "", ""], "姓名", "NAME_DIFFERS"),
        (["V002", "李四", "", "", "", ""], "", "PERSON_NOT_ACTIVE"),
        (["V003", "王五", "", "", "", ""], "", "HAS_LEFT"),
    ):
        assert faults_of(look(coordinator, ours.id, line)) == [(2, column, code)]


@pytest.mark.rule("R38")
def test_a_minor_comes_back_under_the_name_that_exports_show(ours: Organisation, coordinator: Actor) -> None:
    """Found by number, with the first character of the name; a grown-up does not, and nobody is called so from then on."""
    child = ["V001", "张小三", f"{clock.day_of(clock.now()).year - 12}-01-01", "", "", ""]
    take_in(coordinator, ours.id, child, ["V002", "李四", "1958-03-01", "", "", ""])

    assert done(look(coordinator, ours.id, ["V001", "张**", "", "", "", ""])) == (0, 0, 1, 0)
    assert done(take_in(coordinator, ours.id, ["V001", "张**", "", "", "13800138000", ""])) == (0, 1, 0, 0)
    assert done(look(coordinator, ours.id, ["", "张小三", "", "", "13800138000", ""])) == (0, 0, 1, 0)
    for line in (["V001", "王**", "", "", "", ""], ["V002", "李*", "", "", "", ""]):
        assert faults_of(look(coordinator, ours.id, line)) == [(2, "姓名", "NAME_DIFFERS")]


def test_who_waits_to_be_admitted_is(ours: Organisation, coordinator: Actor) -> None:
    """Somebody who has asked is admitted by the roster that names them; again changes nothing."""
    person = a_person("张三")
    kept(lambda: members.ask(person_id=person.id, organisation_id=ours.id))
    line = [person.volunteer_no, "张三", "", "", "", ""]
    assert done(take_in(coordinator, ours.id, line)) == (0, 1, 0, 0)
    assert done(take_in(coordinator, ours.id, line)) == (0, 0, 1, 0)


def test_an_organisation_outside_the_scope_does_not_exist(ours: Organisation, coordinator: Actor) -> None:
    """404 for the one that is named for all, a fault for the one in a line; without either, a fault as well."""
    theirs = an_organisation("幸福里")
    with pytest.raises(NotFound):
        look(coordinator, theirs.id, ["V001", "张三", "", "", "", ""])
    with pytest.raises(Forbidden):
        look(Actor(a_person().id), ours.id)
    lines = (
        ["V001", "张三", "", "", "", "幸福里"],
        ["V002", "李四", "", "", "", ""],
        ["V003", "王五", "", "", "", "三色堇"],
    )
    assert faults_of(look(coordinator, None, *lines)) == [
        (2, "组织", "ORGANISATION_UNKNOWN"),
        (3, "组织", "ORGANISATION_MISSING"),
    ]
    whole = look(an_admin(), ours.id, *lines)
    assert (whole.faults, whole.counts) == ([], Counts(lines=3, created=3))


def test_one_person_belongs_to_two_organisations(ours: Organisation) -> None:
    """Each has a number of its own for them; a number of one means nobody in the other."""
    theirs, admin = an_organisation("幸福里"), an_admin()
    report = take_in(
        admin,
        None,
        ["V001", "张三", "", "", "13800138000", "三色堇"],
        ["77", "张三", "", "", "13800138000", "幸福里"],
        ["V001", "王五", "", "", "", "幸福里"],
    )
    assert done(report) == (2, 0, 0, 1)
    rows = in_unit_of_work(
        lambda: sorted(
            tuple(row) for row in session.execute(select(ImportedNumber.organisation_id, ImportedNumber.number))
        ),
        write=False,
    )
    assert rows == sorted([(ours.id, "V001"), (theirs.id, "77"), (theirs.id, "V001")])

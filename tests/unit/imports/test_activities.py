"""Activities as another system had them: added, found again, never overwritten."""

from flask import Flask
from sqlalchemy import select

from tests.factories.activities import an_activity
from tests.factories.identity import a_coordinator, a_person, an_admin
from tests.factories.imports import ACTIVITIES, WHOLE_ACTIVITIES, a_csv, checked, faults_of, imported, wanted
from tests.factories.organisations import an_area, an_organisation
from timebank.activities.models import Activity
from timebank.database import in_unit_of_work, session
from timebank.documents import csv_file
from timebank.documents.tables import Column, Table
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.imports.rules import Counts, Kind
from timebank.imports.service import Wanted


def test_activities_are_added_once(app: Flask) -> None:
    """In the organisation's area or below it, in a category of the whitelist by its name; a twin line is merged."""
    street = an_area("硖石街道", code="0573")
    grid = an_area("第一网格", parent_id=street.id, code="01")
    elsewhere = an_area("别处", code="0574")
    ours = an_organisation("三色堇", area_id=street.id)
    coordinator = a_coordinator(ours.id)
    good = [
        ["助老理发", "为老服务", "上门理发", "", ""],
        ["护绿", "environment", '"清洁河道\n和两岸"', grid.path, "三色堇"],
        ["助老理发", "为老服务", "上门理发", street.path, ""],
    ]
    bad = [
        ["会议", "开会", "坐着", "", ""],
        ["远足", "文化体育", "走路", elsewhere.path, ""],
        ["助老理发", "为老服务", "另一回事", "", ""],
        ["", "为老服务", "x", "", ""],
    ]

    report = checked(wanted(coordinator, a_csv(ACTIVITIES, good + bad), Kind.ACTIVITIES, ours.id))
    assert faults_of(report) == [
        (6, "服务类别", "CATEGORY_UNKNOWN"),
        (7, "区域编码", "AREA_UNKNOWN"),
        (8, "活动名称", "CONTRADICTS_LINE"),
        (9, "活动名称", "MISSING"),
    ]
    asked = wanted(coordinator, a_csv(ACTIVITIES, good), Kind.ACTIVITIES, ours.id)
    assert imported(asked).counts == Counts(lines=3, created=2, merged=1)
    assert imported(asked).counts == Counts(lines=3, unchanged=2, merged=1)
    rows = in_unit_of_work(lambda: list(session.scalars(select(Activity).order_by(Activity.name))), write=False)
    assert [(one.name, one.category, one.area_id, one.created_by) for one in rows] == [
        ("助老理发", "elder_care", street.id, coordinator.person_id),
        ("护绿", "environment", grid.id, coordinator.person_id),
    ]
    other = [["护绿", "生态环保", "只清洁河道", "", ""]]
    report = checked(wanted(coordinator, a_csv(ACTIVITIES, other), Kind.ACTIVITIES, ours.id))
    assert faults_of(report) == [(2, "活动名称", "ACTIVITY_DIFFERS")]
    far = [["远足", "文化体育", "走路", elsewhere.path, ""]]
    assert checked(wanted(an_admin(), a_csv(ACTIVITIES, far), Kind.ACTIVITIES, ours.id)).faults == []


def test_whoever_leads_is_named_by_number(app: Flask) -> None:
    """The organisation's or the bank's own; nobody is guessed, a line without a number says nothing, none is replaced."""
    ours = an_organisation("三色堇")
    coordinator = a_coordinator(ours.id)
    leader, frozen = a_person("张三"), a_person("李四")
    in_unit_of_work(lambda: session.get_one(Person, frozen.id).__setattr__("state", PersonState.FROZEN))

    def told(name: str, number: str) -> Wanted:
        line = [name, "为老服务", "上门理发", "", number, ""]
        return wanted(coordinator, a_csv(WHOLE_ACTIVITIES, [line]), Kind.ACTIVITIES, ours.id)

    assert imported(told("助老理发", leader.volunteer_no)).counts.created == 1
    assert imported(told("护绿", "")).counts.created == 1
    for name, number in (("助老理发", leader.volunteer_no), ("助老理发", ""), ("护绿", "")):
        assert checked(told(name, number)).counts.unchanged == 1
    for name, number, column, code in (
        ("护绿", leader.volunteer_no, "活动名称", "ACTIVITY_DIFFERS"),
        ("送餐", "没有", "负责人编号", "PERSON_UNKNOWN"),
        ("送餐", frozen.volunteer_no, "负责人编号", "PERSON_NOT_ACTIVE"),
    ):
        assert faults_of(checked(told(name, number))) == [(2, column, code)]
    rows = in_unit_of_work(lambda: session.execute(select(Activity.name, Activity.leader_id)).all(), write=False)
    assert dict(map(tuple, rows)) == {"助老理发": leader.id, "护绿": None}


def test_two_of_one_name_come_back_where_both_are_on_record(app: Flask) -> None:
    """As an export of them has them: each line is one of the two; what is neither contradicts the line before it."""
    ours = an_organisation("三色堇")
    coordinator = a_coordinator(ours.id)
    leaders = a_person("张三"), a_person("李四")
    lines = [["理发", "为老服务", "为社区高龄老人上门理发。", "", leader.volunteer_no, ""] for leader in leaders]

    def told(*some: list[str]) -> Wanted:
        return wanted(coordinator, a_csv(WHOLE_ACTIVITIES, some), Kind.ACTIVITIES, ours.id)

    assert faults_of(checked(told(*lines))) == [(3, "活动名称", "CONTRADICTS_LINE")]
    for leader in leaders:
        an_activity("理发", organisation_id=ours.id, leader_id=leader.id)
    assert checked(told(*lines, lines[0])).counts == Counts(lines=3, unchanged=2, merged=1)


def test_what_was_typed_otherwise_than_a_file_can_hold_it_is_found_again(app: Flask) -> None:
    """Line ends, accents and marks that an export or an import writes in its own way make no second activity, and no other one."""
    ours = an_organisation("三色堇")
    typed = [
        ("助老理发", "上门\r\n理发\r送餐"),
        ("cafe\u0301", "一起喝cafe\u0301"),
        ("\ufeff送餐\x85到家", "\u3000每天中午\x85"),
        ("\uf9dc里清扫", "清扫"),
    ]
    for name, content in typed:
        activity_id = an_activity(name, organisation_id=ours.id).id
        in_unit_of_work(lambda a=activity_id, c=content: session.get_one(Activity, a).__setattr__("content", c))
    columns = tuple(map(Column, ACTIVITIES))
    rows = [[name, "为老服务", content, "", "三色堇"] for name, content in typed]
    file = b"".join(csv_file.stream(Table(title="", columns=columns, rows=rows)))

    report = checked(wanted(a_coordinator(ours.id), file, Kind.ACTIVITIES))

    assert (report.faults, report.counts) == ([], Counts(lines=4, unchanged=4))

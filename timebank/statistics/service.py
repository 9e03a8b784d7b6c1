"""The verb: answer a question with a report. Every form of a report is written from what this returns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from timebank import clock
from timebank.database import session
from timebank.documents.tables import Cell
from timebank.identity.rules import Actor
from timebank.ledger import seals
from timebank.statistics import figures, five_societies, layout_lists, names, pivots, queries, record_list
from timebank.statistics.headings import CUTS, of_cuts, of_measures
from timebank.statistics.queries import Asker
from timebank.statistics.questions import HoursFilter, Kind, Question
from timebank.statistics.report import Report
from timebank.statistics.rules import HOURS, Cut

TITLES = {
    Kind.FIGURES: "志愿服务统计",
    Kind.PIVOT: "志愿服务交叉统计",
    Kind.FIVE_SOCIETIES: "五社联动统计",
    Kind.RECORDS: "志愿服务记录明细",
    Kind.ROSTER: "志愿者名册",
    Kind.ACTIVITIES: "志愿服务活动",
    Kind.HOURS: "志愿服务时间统计表",
}


def answer(question: Question, asker: Asker, *, masked: bool = True) -> Report:
    """Return the report that answers a question, over what the asker reaches; call it in one snapshot.

    Names of volunteers are masked unless ``masked`` is false (rule R39). Raises MeasureNotCut, BankWideOnly.
    """
    columns, rows, extra = _ANSWERS[question.kind](question, asker, masked)
    return Report(
        title=TITLES[question.kind],
        columns=columns,
        rows=rows,
        filters=filters_of(question),
        generated_at=clock.now(),
        policy_numbers=policy_numbers(question.wanted, asker),
        seal=seals.last(),
        drawn=question.kind in {Kind.FIGURES, Kind.FIVE_SOCIETIES},
        extra=extra,
    )


def hours(*, actor: Actor, cuts: tuple[Cut, ...], wanted: HoursFilter) -> Report:
    """Return the hours report over everything that the actor's roles reach."""
    question = Question(cuts=cuts, measures=HOURS, wanted=wanted)
    return replace(answer(question, Asker(actor=actor)), title="志愿服务时长统计")


def _figures(question: Question, asker: Asker, masked: bool) -> pivots.Answer:
    groups = figures.read(question, asker)
    named = names.of_groups(groups, question.cuts, masked=masked)
    columns = (*of_cuts(question.cuts), *of_measures(question.measures))
    rows: list[Sequence[Cell]] = []
    keys: list[dict[str, str]] = []
    for key in names.in_order(groups, question.cuts, named):
        cells = groups[key]
        for cut, value in zip(question.cuts, key, strict=True):
            cells = cells | named[cut][value]
        rows.append([cells[name] for name, _ in columns])
        keys.append({str(cut): str(value) for cut, value in zip(question.cuts, key, strict=True)})
    return columns, rows, {"keys": keys}


def policy_numbers(wanted: HoursFilter, asker: Asker) -> tuple[int, ...]:
    """Return the versions of the rules that made what is counted."""
    reach = Question(wanted=replace(wanted, activity_id=None, category=None))
    facts = queries.figures(reach)
    columns: Any = facts.source
    found = select(columns.c.policy_number).where(
        *queries.conditions(facts, reach.wanted), asker.reaches(columns.c.organisation_id)
    )
    counted = found.group_by(columns.c.policy_number).having(func.sum(columns.c.person_times) != 0)
    return tuple(sorted(session.scalars(counted)))


def filters_of(question: Question) -> dict[str, str]:
    """Return what was asked for, in words."""
    wanted, anything = question.wanted, "不限"
    filters = {
        "开始日期": str(wanted.first_day or anything),
        "结束日期": str(wanted.last_day or anything),
        "区域": wanted.area_path or anything,
        "组织": str(wanted.organisation_id or anything),
        "活动": str(wanted.activity_id or anything),
        "服务类别": wanted.category or anything,
        "分组": "、".join(CUTS[cut][0][1].title for cut in question.every_cut) or "不分组",
    }
    shown = {"区域层级": question.level, "版式": question.layout}
    return filters | {name: str(value) for name, value in shown.items() if value}


_ANSWERS: dict[Kind, Callable[[Question, Asker, bool], pivots.Answer]] = {
    Kind.FIGURES: _figures,
    Kind.PIVOT: pivots.answer,
    Kind.FIVE_SOCIETIES: five_societies.answer,
    Kind.RECORDS: record_list.answer,
    Kind.ROSTER: layout_lists.roster,
    Kind.ACTIVITIES: layout_lists.activities,
    Kind.HOURS: layout_lists.hours,
}

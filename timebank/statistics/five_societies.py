"""五社联动: in each community, what community, organisations, social workers, volunteers and charity resources do together.

The five of 《中共中央 国务院关于加强基层治理体系和治理能力现代化建设的意见》 (2021): 社区、社会组织、社会工作者、社区志愿者、社会慈善资源.
"""

from typing import Any

from sqlalchemy import func, select

from timebank.documents.tables import Cell, Column, Type
from timebank.organisations.models import Area, Site
from timebank.records.models import Revision
from timebank.shop.models import Intake, Lot, StockMove
from timebank.shop.rules import MoveKind, Source
from timebank.statistics import figures, names, queries
from timebank.statistics.calendar import shanghai_day
from timebank.statistics.headings import CUTS, MEASURES, SPLIT, Columns
from timebank.statistics.pivots import Answer
from timebank.statistics.queries import Asker, Facts
from timebank.statistics.questions import Question
from timebank.statistics.rules import Cut, Measure

COMMUNITY = 3
"""The level of communities in the tree of areas."""
MEASURED = (Measure.PEOPLE, Measure.PERSON_TIMES, Measure.SERVICE_MINUTES, Measure.REDEEMED_MINUTES)

_WHOLE = Type.WHOLE_NUMBER
_ALLIES: Columns = (
    ("organisations", Column("社会组织", _WHOLE, "有生效服务记录的组织个数")),
    ("social_workers", Column("社会工作者", _WHOLE, "生效服务记录上的不同负责人人数")),
)
_RESOURCES: Columns = (
    ("donated_pieces", Column("受赠物品（件）", _WHOLE, "公益仓登记入库的捐赠件数，按入库日计")),
    ("donated_value_fen", Column("受赠估值（分）", _WHOLE, "有估值的受赠物品的公允价值合计，单位：分")),
    ("handed_out_pieces", Column("发放物品（件）", _WHOLE, "公益仓交付的件数，按交付日计，未减退货")),
)
COLUMNS: Columns = (
    *CUTS[Cut.AREA],
    *_ALLIES,
    (str(Measure.PEOPLE), Column("社区志愿者", _WHOLE, MEASURES[Measure.PEOPLE].definition)),
    (str(Measure.PERSON_TIMES), MEASURES[Measure.PERSON_TIMES]),
    (str(Measure.SERVICE_MINUTES), MEASURES[Measure.SERVICE_MINUTES]),
    *SPLIT,
    *_RESOURCES,
    (str(Measure.REDEEMED_MINUTES), MEASURES[Measure.REDEEMED_MINUTES]),
)

_VOLUNTEERS = 3 + len(SPLIT)
SOCIETIES = (
    ("社区", len(CUTS[Cut.AREA])),
    ("社会组织", 1),
    ("社会工作者", 1),
    ("社区志愿者", _VOLUNTEERS),
    ("社会慈善资源", len(_RESOURCES) + 1),
)
"""The five of them, and how many columns each has."""


def question_of(asked: Question) -> Question:
    """Return the question with its communities and measures."""
    return Question(kind=asked.kind, cuts=(Cut.AREA,), level=COMMUNITY, measures=MEASURED, wanted=asked.wanted)


def answer(asked: Question, asker: Asker, masked: bool) -> Answer:
    """Return a row a community (or the higher area where something is registered)."""
    question = question_of(asked)
    groups = figures.read(question, asker)
    allies = {
        "organisations": func.count(Revision.organisation_id.distinct()),
        "social_workers": func.count(Revision.leader_id.distinct()),
    }
    for facts, measures in ((queries.standing(), allies), _donated(), _handed_out()):
        for key, values in figures.counted(queries.grouped(facts, question, asker, measures), question).items():
            groups.setdefault(key, {}).update(values)
    named = names.of_groups(groups, question.cuts, masked=masked)
    rows: list[list[Cell]] = []
    for key in names.in_order(groups, question.cuts, named):
        cells = named[Cut.AREA][key[0]] | groups[key]
        rows.append([cells.get(name, 0) for name, _ in COLUMNS])
    return COLUMNS, rows, {}


def _donated() -> tuple[Facts, dict[str, Any]]:
    taken_in = (
        select(
            Intake.received_on,
            StockMove.quantity,
            (StockMove.quantity * func.coalesce(Lot.fair_value_fen, 0)).label("value"),
            Site.organisation_id,
            Area.path,
        )
        .join_from(Intake, Lot, Lot.intake_id == Intake.id)
        .join(StockMove, StockMove.lot_id == Lot.id)
        .join(Site, Site.id == Intake.site_id)
        .join(Area, Area.id == Site.area_id)
        .where(Intake.source == Source.DONATED, StockMove.kind == MoveKind.INTAKE)
        .subquery("taken_in")
    )
    measures = {"donated_pieces": func.sum(taken_in.c.quantity), "donated_value_fen": func.sum(taken_in.c.value)}
    return _at_sites(taken_in, taken_in.c.received_on), measures


def _handed_out() -> tuple[Facts, dict[str, Any]]:
    given = (
        select(shanghai_day(StockMove.moved_at).label("day"), StockMove.quantity, Site.organisation_id, Area.path)
        .join_from(StockMove, Lot, Lot.id == StockMove.lot_id)
        .join(Site, Site.id == Lot.site_id)
        .join(Area, Area.id == Site.area_id)
        .where(StockMove.kind == MoveKind.HAND_OVER)
        .subquery("given")
    )
    return _at_sites(given, given.c.day), {"handed_out_pieces": -func.sum(given.c.quantity)}


def _at_sites(source: Any, day: Any) -> Facts:
    return Facts(
        source=source, day=day, dimensions={Cut.ORGANISATION: source.c.organisation_id, Cut.AREA: source.c.path}
    )

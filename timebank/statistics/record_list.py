"""The records themselves, one a row, as they are handed in: read in a stream, so that a million need no more memory."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, select

from timebank.activities.models import Activity
from timebank.activities.rules import CATEGORY_NAMES
from timebank.database import session
from timebank.documents.tables import Cell, Column, Type
from timebank.identity.models import Person
from timebank.identity.rules import masked_name
from timebank.records.models import Revision
from timebank.statistics import queries
from timebank.statistics.headings import Columns
from timebank.statistics.pivots import Answer
from timebank.statistics.queries import Asker
from timebank.statistics.questions import Question
from timebank.statistics.rules import PROVENANCE_NAMES

AT_ONCE = 2_000

COLUMNS: Columns = (
    ("record", Column("记录编号", Type.ID)),
    ("volunteer_no", Column("志愿者编号", Type.ID)),
    ("display_name", Column("姓名")),
    ("organisation_name", Column("组织")),
    ("activity_name", Column("活动")),
    ("category_name", Column("服务类别")),
    ("place", Column("地点")),
    ("served_on", Column("服务日期", Type.DAY, "签到当天，北京时间")),
    ("started_at", Column("签到时间", Type.INSTANT)),
    ("ended_at", Column("签退时间", Type.INSTANT)),
    ("service_minutes", Column("服务分钟", Type.WHOLE_NUMBER, "实际服务分钟数，不因兑换减少")),
    ("credited_minutes", Column("入账分钟", Type.WHOLE_NUMBER, "按规则计入时间币账户的分钟数")),
    ("provenance_name", Column("时长来源")),
    ("policy_number", Column("规则版本", Type.WHOLE_NUMBER, "产生这条记录的规则版本号")),
)


def answer(question: Question, asker: Asker, masked: bool) -> Answer:
    """Return current final records by day, check-in and id."""
    return COLUMNS, _rows(_selected(question, asker), masked=masked), {}


def _selected(question: Question, asker: Asker) -> Select[*tuple[Any, ...]]:
    facts = queries.standing()
    found: Select[*tuple[Any, ...]] = (
        select(
            Revision.record_id,
            Person.volunteer_no,
            Person.display_name,
            Revision.organisation_name,
            Revision.activity_name,
            Activity.category,
            Revision.place,
            Revision.served_on,
            Revision.started_at,
            Revision.ended_at,
            Revision.service_minutes,
            Revision.credited_minutes,
            Revision.provenance,
            Revision.policy_number,
        )
        .join(Person, Person.id == Revision.volunteer_id)
        .outerjoin(Activity, Activity.id == Revision.activity_id)
        .where(*facts.where, *queries.conditions(facts, question.wanted))
    )
    return found.where(asker.reaches(Revision.organisation_id)).order_by(
        Revision.served_on, Revision.started_at, Revision.record_id
    )


def _rows(found: Select[*tuple[Any, ...]], *, masked: bool) -> Iterator[Sequence[Cell]]:
    categories: dict[str | None, str] = {str(category): name for category, name in CATEGORY_NAMES.items()}
    provenances = {str(provenance): name for provenance, name in PROVENANCE_NAMES.items()}
    row: Any
    for row in session.connection().execute(found, execution_options={"yield_per": AT_ONCE}):
        record, number, name, organisation, activity, category, *rest, provenance, policy = row
        shown = masked_name(name) if masked else name
        kind = categories.get(category, "")
        yield (str(record), number, shown, organisation, activity, kind, *rest, provenances[provenance], policy)

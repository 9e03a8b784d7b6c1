"""The records themselves, one a row, as they are handed in: read in a stream, so that a million need no more memory.

They come as text, a column at a time: what a thousand rows have in common is worked out once.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, case, cast, func, select

from timebank import streaming
from timebank.activities.models import Activity
from timebank.activities.rules import CATEGORY_NAMES
from timebank.database import session
from timebank.documents.columns import Chunks, Known
from timebank.documents.tables import Cell, Column, Type
from timebank.identity.minors import known_minor
from timebank.identity.models import Person
from timebank.identity.rules import masked_name
from timebank.records.models import Revision
from timebank.statistics import queries
from timebank.statistics.calendar import day_text, seconds
from timebank.statistics.headings import Columns
from timebank.statistics.pivots import Answer
from timebank.statistics.queries import Asker
from timebank.statistics.questions import Question
from timebank.statistics.rules import PROVENANCE_NAMES

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
    chunks = streaming.columns(session.connection(), _selected(question, asker, masked=masked))
    return COLUMNS, Chunks(_shown(chunks, masked=masked)), {}


def _selected(question: Question, asker: Asker, *, masked: bool) -> Select[Any]:
    """Select ``COLUMNS``; where names are asked for in full, also whose is a minor's."""
    facts = queries.standing()
    numbers: list[Any] = [
        seconds(Revision.started_at),
        seconds(Revision.ended_at),
        Revision.service_minutes,
        Revision.credited_minutes,
    ]
    columns: list[Any] = [
        cast(Revision.record_id, String),
        Person.volunteer_no,
        Person.display_name,
        Revision.organisation_name,
        Revision.activity_name,
        func.coalesce(Activity.category, ""),
        Revision.place,
        day_text(Revision.served_on),
        *(cast(number, String) for number in numbers),
        Revision.provenance,
        cast(Revision.policy_number, String),
    ]
    if not masked:
        columns.append(case((known_minor(), "1"), else_=""))
    found: Select[Any] = (
        select(*columns)
        .select_from(Revision)
        .join(Person, Person.id == Revision.volunteer_id)
        .outerjoin(Activity, Activity.id == Revision.activity_id)
        .where(*facts.where, *queries.conditions(facts, question.wanted))
    )
    return found.where(asker.reaches(Revision.organisation_id)).order_by(
        Revision.served_on, Revision.started_at, Revision.record_id
    )


def _shown(chunks: Iterator[streaming.Texts], *, masked: bool) -> Generator[list[Sequence[Cell]]]:
    """Yield the chunks as cells of ``COLUMNS``; a minor's name is masked in every file (rule R38)."""
    categories = {"": "", **{str(category): name for category, name in CATEGORY_NAMES.items()}}
    provenances = {str(provenance): name for provenance, name in PROVENANCE_NAMES.items()}
    made: dict[str, Known[str, Cell]] = {
        "category_name": Known(lambda text: categories.get(text, "")),
        "served_on": Known(date.fromisoformat),
        "provenance_name": Known(provenances.__getitem__),
        **{name: Known(int) for name in ("service_minutes", "credited_minutes", "policy_number")},
    }
    if masked:
        made["display_name"] = Known(masked_name)
    for texts in chunks:
        cells: list[Sequence[Cell]] = list(texts[: len(COLUMNS)])
        cells[_AT["record"]] = _ids(texts[_AT["record"]])
        if not masked:
            pairs = zip(texts[_AT["display_name"]], texts[len(COLUMNS)], strict=True)
            cells[_AT["display_name"]] = [masked_name(name) if minor else name for name, minor in pairs]
        for name in ("started_at", "ended_at"):
            cells[_AT[name]] = list(map(int, texts[_AT[name]]))
        for name, known in made.items():
            cells[_AT[name]] = known.all(texts[_AT[name]])
        yield cells


_AT = {name: place for place, (name, _) in enumerate(COLUMNS)}


def _ids(texts: Sequence[str]) -> Sequence[str]:
    """Return ids as they are written everywhere; SQLite keeps them without hyphens."""
    return texts if "-" in texts[0] else [str(UUID(text)) for text in texts]

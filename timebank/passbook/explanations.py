"""One sentence for each line of an account: why, how many minutes, from what, and what is left."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from timebank.database import session
from timebank.ledger.rules import Kind, Phase, SourceType
from timebank.records.models import Revision


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in both languages, over ``minutes``, ``balance`` and ``what``."""

    zh: str
    en: str


SENTENCES: dict[tuple[Kind, Phase], Sentence] = {
    (Kind.EARN, Phase.SINGLE): Sentence(
        "{what}，入账 {minutes} 分钟，余额 {balance} 分钟。",
        "{what}: {minutes} minutes credited, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.HOLD): Sentence(
        "公益仓预约，冻结 {minutes} 分钟，余额 {balance} 分钟。",
        "Reserved at the shop: {minutes} minutes held, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.CAPTURE): Sentence(
        "公益仓领取预约的物品，支出 {minutes} 分钟，余额 {balance} 分钟。",
        "Reserved goods collected: {minutes} minutes spent, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.RELEASE): Sentence(
        "公益仓预约已取消或到期，解冻 {minutes} 分钟，余额 {balance} 分钟。",
        "Reservation cancelled or expired: {minutes} minutes released, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.SINGLE): Sentence(
        "公益仓现场兑换，支出 {minutes} 分钟，余额 {balance} 分钟。",
        "Goods taken at the counter: {minutes} minutes spent, balance {balance} minutes.",
    ),
}
SERVED = Sentence("{on} 参加「{activity}」", "{on}, {activity}")
SERVED_WITHOUT_RECORD = Sentence("志愿服务", "Voluntary service")


@dataclass(frozen=True, slots=True)
class Line:
    """What of an account's line its sentence is made from."""

    kind: Kind
    phase: Phase
    minutes: int
    balance: int
    source_type: SourceType
    source_id: UUID


def explain(lines: Iterable[Line], *, english: bool = False) -> list[str]:
    """Return the sentence of each line, in order; one statement for all of them, none without an earning."""
    lines = list(lines)
    services = _services([line.source_id for line in lines if line.source_type == SourceType.SERVICE_RECORD_REVISION])
    return [_sentence(line, services, english=english) for line in lines]


def _sentence(line: Line, services: dict[UUID, dict[str, str]], *, english: bool) -> str:
    facts = services.get(line.source_id)
    what = _in(SERVED, english=english).format(**facts) if facts else _in(SERVED_WITHOUT_RECORD, english=english)
    sentence = _in(SENTENCES[line.kind, line.phase], english=english)
    return sentence.format(what=what, minutes=line.minutes, balance=line.balance)


def _in(sentence: Sentence, *, english: bool) -> str:
    return sentence.en if english else sentence.zh


def _services(revision_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    if not revision_ids:
        return {}
    found = select(Revision.id, Revision.activity_name, Revision.served_on).where(Revision.id.in_(revision_ids))
    return {row.id: {"activity": row.activity_name, "on": str(row.served_on)} for row in session.execute(found)}

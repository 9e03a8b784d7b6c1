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


SENTENCES: dict[tuple[Kind, Phase, bool], Sentence] = {
    (Kind.EARN, Phase.SINGLE, True): Sentence(
        "{what}，入账 {minutes} 分钟，余额 {balance} 分钟。",
        "{what}: {minutes} minutes credited, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.HOLD, False): Sentence(
        "公益仓预约，冻结 {minutes} 分钟，余额 {balance} 分钟。",
        "Reserved at the shop: {minutes} minutes held, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.CAPTURE, False): Sentence(
        "公益仓领取预约的物品，支出 {minutes} 分钟，余额 {balance} 分钟。",
        "Reserved goods collected: {minutes} minutes spent, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.RELEASE, False): Sentence(
        "公益仓预约已取消或到期，解冻 {minutes} 分钟，余额 {balance} 分钟。",
        "Reservation cancelled or expired: {minutes} minutes released, balance {balance} minutes.",
    ),
    (Kind.REDEEM, Phase.SINGLE, False): Sentence(
        "公益仓现场兑换，支出 {minutes} 分钟，余额 {balance} 分钟。",
        "Goods taken at the counter: {minutes} minutes spent, balance {balance} minutes.",
    ),
    (Kind.REFUND, Phase.SINGLE, True): Sentence(
        "公益仓退货，退回 {minutes} 分钟，余额 {balance} 分钟。",
        "Goods given back: {minutes} minutes returned, balance {balance} minutes.",
    ),
    (Kind.GIFT, Phase.SINGLE, False): Sentence(
        "赠予亲属，转出 {minutes} 分钟，余额 {balance} 分钟。",
        "Given to a relative: {minutes} minutes, balance {balance} minutes.",
    ),
    (Kind.GIFT, Phase.SINGLE, True): Sentence(
        "收到亲属赠予，转入 {minutes} 分钟，余额 {balance} 分钟。",
        "Received from a relative: {minutes} minutes, balance {balance} minutes.",
    ),
    (Kind.DONATE, Phase.SINGLE, False): Sentence(
        "捐入公共池，转出 {minutes} 分钟，余额 {balance} 分钟。",
        "Donated to the pool: {minutes} minutes, balance {balance} minutes.",
    ),
    (Kind.GRANT, Phase.SINGLE, True): Sentence(
        "公共池资助，转入 {minutes} 分钟，余额 {balance} 分钟。",
        "Granted from the pool: {minutes} minutes, balance {balance} minutes.",
    ),
    (Kind.EXPIRE, Phase.SINGLE, False): Sentence(
        "超过有效期，失效 {minutes} 分钟，余额 {balance} 分钟。",
        "Expired: {minutes} minutes, balance {balance} minutes.",
    ),
    (Kind.REVERSE, Phase.SINGLE, False): Sentence(
        "更正此前的记账，冲回 {minutes} 分钟，余额 {balance} 分钟。",
        "An earlier credit was corrected: {minutes} minutes taken back, balance {balance} minutes.",
    ),
    (Kind.REVERSE, Phase.SINGLE, True): Sentence(
        "更正此前的记账，退回 {minutes} 分钟，余额 {balance} 分钟。",
        "An earlier transfer was corrected: {minutes} minutes given back, balance {balance} minutes.",
    ),
    (Kind.RECOVER, Phase.SINGLE, False): Sentence(
        "抵还更正时欠下的时间币，扣除 {minutes} 分钟，余额 {balance} 分钟。",
        "Paid towards what was owed after a correction: {minutes} minutes, balance {balance} minutes.",
    ),
    (Kind.MERGE, Phase.SINGLE, False): Sentence(
        "账户合并，转出 {minutes} 分钟，余额 {balance} 分钟。",
        "Accounts merged: {minutes} minutes moved out, balance {balance} minutes.",
    ),
    (Kind.MERGE, Phase.SINGLE, True): Sentence(
        "账户合并，转入 {minutes} 分钟，余额 {balance} 分钟。",
        "Accounts merged: {minutes} minutes moved in, balance {balance} minutes.",
    ),
    (Kind.OPENING, Phase.SINGLE, True): Sentence(
        "期初余额，转入 {minutes} 分钟，余额 {balance} 分钟。",
        "Opening balance: {minutes} minutes, balance {balance} minutes.",
    ),
}
"""By kind, phase, and whether the line adds to the balance."""
CLOSING = Sentence("账户已关闭，余额 {balance} 分钟。", "The account was closed, balance {balance} minutes.")
SERVED = Sentence("{on} 参加「{activity}」", "{on}, {activity}")
SERVED_WITHOUT_RECORD = Sentence("志愿服务", "Voluntary service")


@dataclass(frozen=True, slots=True)
class Line:
    """What of an account's line its sentence is made from."""

    kind: Kind
    phase: Phase
    received: bool
    minutes: int
    balance: int
    source_type: SourceType
    source_id: UUID


@dataclass(frozen=True, slots=True)
class ClosingLine:
    """The last line of a closed account: no transfer stands behind it."""

    balance: int


def explain(lines: Iterable[Line | ClosingLine], *, english: bool = False) -> list[str]:
    """Return the sentence of each line, in order; one statement for all of them, none without an earning."""
    lines = list(lines)
    services = _services([line.source_id for line in lines if isinstance(line, Line) and _is_service(line)])
    return [_sentence(line, services, english=english) for line in lines]


def _is_service(line: Line) -> bool:
    return line.source_type == SourceType.SERVICE_RECORD_REVISION


def _sentence(line: Line | ClosingLine, services: dict[UUID, dict[str, str]], *, english: bool) -> str:
    if isinstance(line, ClosingLine):
        return _in(CLOSING, english=english).format(balance=line.balance)
    facts = services.get(line.source_id)
    what = _in(SERVED, english=english).format(**facts) if facts else _in(SERVED_WITHOUT_RECORD, english=english)
    sentence = _in(SENTENCES[line.kind, line.phase, line.received], english=english)
    return sentence.format(what=what, minutes=line.minutes, balance=line.balance)


def _in(sentence: Sentence, *, english: bool) -> str:
    return sentence.en if english else sentence.zh


def _services(revision_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    if not revision_ids:
        return {}
    found = select(Revision.id, Revision.activity_name, Revision.served_on).where(Revision.id.in_(revision_ids))
    return {row.id: {"activity": row.activity_name, "on": str(row.served_on)} for row in session.execute(found)}

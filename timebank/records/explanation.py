"""One sentence per record: what was served, what is known of it, what it earns, and why; in Chinese and in English."""

from timebank.records.models import Revision
from timebank.records.rules import PENDING, Flag, Provenance, State, flags_from_text

PROVENANCES = {
    Provenance.SELF_SCAN: ("本人扫码", "self-scanned"),
    Provenance.STAFF_SCAN: ("工作人员扫码", "staff-scanned"),
    Provenance.SUPPLEMENT: ("补录", "supplement"),
    Provenance.IMPORT: ("导入", "imported"),
}
FLAGS = {
    Flag.AUTO_CLOSED: ("忘记签退", "no check-out"),
    Flag.BULK: ("多人集中补传", "many uploaded at once"),
    Flag.CAPPED: ("单次超过 12 小时", "longer than 12 hours"),
    Flag.CLOCK_SKEW: ("手机时间不准", "wrong phone clock"),
    Flag.FAR: ("位置较远", "far from the place"),
    Flag.IMPOSSIBLE_TRAVEL: ("两地间隔过短", "impossible travel"),
    Flag.LATE: ("签到或签退过晚，或离线补传", "scanned late, or uploaded late"),
    Flag.MANUAL: ("由本人或亲属经手，或经人工更正", "handled by themselves or a relative, or put right by hand"),
    Flag.NO_LOCATION: ("没有位置", "no location"),
    Flag.OVERLAP_NEAR: ("与另一次服务紧邻", "close to another service"),
    Flag.OVER_DAILY: ("当日服务时间过长", "a very long day"),
    Flag.SHARED_DEVICE: ("多人共用一部手机", "shared phone"),
    Flag.STATIC_CODE: ("扫的是固定海报", "a printed code"),
    Flag.SUSPENDED: ("账户在服务期间被停用", "account suspended meanwhile"),
}


def in_chinese(revision: Revision, *, frozen: bool = False) -> str:
    """Return the sentence for people in the street; of a frozen record it says that an objection is looked at."""
    return _in_chinese(revision) + ("有人对此提出异议，答复之前不作处理。" if frozen else "")


def _in_chinese(revision: Revision) -> str:
    day = revision.served_on
    doubts = [FLAGS[flag][0] for flag in flags_from_text(revision.flags)]
    served = (
        f"{day.year}年{day.month}月{day.day}日在{revision.place}参加“{revision.activity_name}”"
        f"（{revision.organisation_name}），{PROVENANCES[Provenance(revision.provenance)][0]}，"
        f"服务 {revision.service_minutes} 分钟{_corrected(revision, '（原记录 {minutes} 分钟，经两人更正）')}"
    )
    rule = f"按第 {revision.policy_number} 版规则" if revision.policy_number else "按默认规则"
    if revision.state in PENDING:
        waits = "公示期满" if revision.state == State.PENDING_NOTICE else "协调员审核"
        why = f"因{'、'.join(doubts)}，" if doubts else ""
        earns = f"{_into(revision)} {revision.expected_minutes} 分钟" if revision.expected_minutes else "不计入余额"
        return f"{served}；{why}等待{waits}，通过后{rule}{earns}。"
    if revision.state == State.REJECTED:
        refused = "更正作废" if revision.correction_id else "审核未通过"
        return f"{served}；{refused}，不计入：{revision.reason}"
    if revision.credited_minutes < revision.expected_minutes:
        over = revision.expected_minutes - revision.credited_minutes
        return f"{served}；{rule}计入 {revision.credited_minutes} 分钟，余额已到上限，另 {over} 分钟不计入。"
    if revision.credited_minutes:
        return f"{served}；{rule}{_into(revision)} {revision.credited_minutes} 分钟。"
    return f"{served}；{rule}不计入余额，服务时长永久保留。"


def _into(revision: Revision) -> str:
    return "计入所服务团体的账户" if revision.group_id else "计入"


def in_english(revision: Revision, *, frozen: bool = False) -> str:
    """Return the same in English."""
    return _in_english(revision) + (" Frozen until an objection is answered." if frozen else "")


def _in_english(revision: Revision) -> str:
    doubts = [FLAGS[flag][1] for flag in flags_from_text(revision.flags)]
    served = (
        f"{revision.service_minutes} minutes of “{revision.activity_name}” at {revision.place} "
        f"({revision.organisation_name}) on {revision.served_on.isoformat()}, "
        f"{PROVENANCES[Provenance(revision.provenance)][1]}"
        f"{_corrected(revision, ' (first recorded as {minutes}, corrected by two people)')}"
    )
    rule = f"version {revision.policy_number} of the rules" if revision.policy_number else "the default rules"
    if revision.state in PENDING:
        waits = "the end of the public notice" if revision.state == State.PENDING_NOTICE else "a coordinator"
        why = f" ({', '.join(doubts)})" if doubts else ""
        return f"{served}; waits for {waits}{why}, then earns {revision.expected_minutes} minutes by {rule}."
    if revision.state == State.REJECTED:
        return f"{served}; {'annulled' if revision.correction_id else 'rejected'}: {revision.reason}"
    if revision.credited_minutes < revision.expected_minutes:
        over = revision.expected_minutes - revision.credited_minutes
        return f"{served}; earned {revision.credited_minutes} minutes by {rule}, {over} more are over the storage cap."
    if revision.credited_minutes:
        whose = " for their group" if revision.group_id else ""
        return f"{served}; earned {revision.credited_minutes} minutes{whose} by {rule}."
    return f"{served}; earned nothing by {rule}, and remains on the record for good."


def waiting(revision: Revision) -> tuple[str, str] | tuple[None, None]:
    """Return in one sentence, Chinese and English, why a record waits; nothing if it is decided."""
    if revision.state not in PENDING:
        return None, None
    if revision.state == State.PENDING_NOTICE:
        return "公示中，期满无异议即计入。", "On public notice; counted when it ends without an objection."
    doubts = flags_from_text(revision.flags)
    if not doubts:
        return "没有疑点，按规则须由协调员审核。", "Nothing doubtful; the rules ask for a coordinator's review."
    zh, en = ("、".join(FLAGS[flag][0] for flag in doubts), ", ".join(FLAGS[flag][1] for flag in doubts))
    return f"{zh}，请核实后决定。", f"{en[:1].upper()}{en[1:]}: check, then decide."


def _corrected(revision: Revision, words: str) -> str:
    """Return ``words`` with the minutes that were first recorded, if a correction has changed the record since."""
    return words.format(minutes=revision.raw_minutes) if revision.correction_id else ""

"""What is said to whoever has scanned, in Chinese and English."""

from datetime import datetime, timedelta

from timebank.activities.queries import ShiftContext
from timebank.attendance.rules import LateReason, closes_at, local
from timebank.policies.rules import Policy

LATE_TEXTS = {
    LateReason.TOO_OLD: (
        "已收到。这次扫码超过 24 小时才传到，须由协调员核实，不用再扫。",
        "Received. This scan came more than 24 hours late; a coordinator looks at it, nothing more to do.",
    ),
    LateReason.NO_TIME: (
        "已收到。海报上没有时间，离线扫描无法确定何时到场，须由协调员核实，不用再扫。",
        "Received. A poster does not tell the time of an offline scan; a coordinator looks at it, nothing more to do.",
    ),
    LateReason.OVERTAKEN: (
        "已收到。这次扫码传到以前，后来的签到或签退已经登记，须由协调员核实，不用再扫。",
        "Received. What came later was recorded before this scan arrived; a coordinator looks at it, nothing more to do.",
    ),
}


def checked_in_text(*, context: ShiftContext, policy: Policy, at: datetime) -> dict[str, str]:
    """Return how and when to check out: many people do not know that they can."""
    earliest = local(at + timedelta(minutes=policy.min_stay_minutes))
    ends, latest = local(context.ends_at), local(closes_at(context, policy))
    return {
        "message": f"签到成功。离开时请再次扫描现场屏幕签退：最早 {earliest}，本场 {ends} 结束，请在 {latest} 前签退。",
        "message_en": (
            f"Checked in. Scan the screen again when you leave: from {earliest} on; "
            f"the shift ends at {ends}; check out before {latest}."
        ),
    }


def checked_out_text(*, minutes: int, credited: int, waits: bool, on_notice: bool = False) -> dict[str, str]:
    """Return what became of the service."""
    if on_notice:
        zh, en = "公示期满后计入，不用再操作", "credited after the public notice, nothing more to do"
    elif waits:
        zh, en = "等待协调员审核，不用再操作", "waits for a coordinator, nothing more to do"
    elif credited:
        zh, en = f"已计入 {credited} 分钟", f"{credited} minutes credited"
    else:
        zh, en = "记入服务时长，按规则不增加余额", "on the record for good, not in the balance by the rules"
    return {
        "message": f"签退成功。本次服务 {minutes} 分钟，{zh}。",
        "message_en": f"Checked out after {minutes} minutes; {en}.",
    }

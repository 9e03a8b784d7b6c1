"""What a message says: one sentence from its facts, in Chinese or English, and a remark short enough for WeChat."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from timebank.clock import SHANGHAI
from timebank.notifications.rules import Topic


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in both languages over a topic's facts, and the remark (at most 20 characters) of a WeChat message."""

    zh: str
    en: str
    remark: str


SENTENCES: dict[Topic, Sentence] = {
    Topic.ARRIVAL: Sentence(
        "您已在「{activity}」签到（{checked_in_at}）。离开时请再扫一次现场的二维码签退；活动 {ends_at} 结束。",
        "You checked in at {activity} ({checked_in_at}). Scan the code there again when you leave; it ends at {ends_at}.",
        "离开时请再次扫码签退",
    ),
    Topic.FORGOTTEN_CHECK_OUT: Sentence(
        "您参加「{activity}」后没有签退，已按结束时间 {ends_at} 为您签退，时长由组织者核实。如有出入，请联系组织者。",
        "You did not check out of {activity}. It was closed at its end, {ends_at}, and a coordinator will look at it. "
        "Tell them if that is not right.",
        "未签退，已按结束时间签退",
    ),
    Topic.RECORD_FINAL: Sentence(
        "{served_on}「{activity}」的服务记录已确认：服务 {service_minutes} 分钟，时间币入账 {credited_minutes} 分钟。",
        "Your record of {activity} on {served_on} is final: {service_minutes} minutes served, "
        "{credited_minutes} minutes credited.",
        "服务记录已确认",
    ),
    Topic.RECORD_REJECTED: Sentence(
        "{served_on}「{activity}」的服务记录没有通过审核。请打开记录查看理由；如有异议，可以在那里提出。",
        "Your record of {activity} on {served_on} was not approved. Open it to see why, and object there if it is wrong.",
        "服务记录未通过审核",
    ),
    Topic.RECORD_CORRECTED: Sentence(
        "{served_on}「{activity}」的服务记录已更正：现为服务 {service_minutes} 分钟，时间币入账 {credited_minutes} 分钟。"
        "请打开记录查看理由。",
        "Your record of {activity} on {served_on} was corrected: it now says {service_minutes} minutes served, "
        "{credited_minutes} minutes credited. Open it to see why.",
        "服务记录已更正",
    ),
    Topic.OBJECTION_ANSWERED: Sentence(
        "您对 {served_on}「{activity}」服务记录的异议已有答复，请打开记录查看。",
        "Your objection to the record of {activity} on {served_on} was answered. Open the record to read it.",
        "异议已有答复",
    ),
    Topic.GIFT_OFFERED: Sentence(
        "有亲属要赠予您 {minutes} 分钟时间币，请在 {expires_at} 前打开小程序接受；过期作废，对方的时间币不会减少。",
        "A relative offers you {minutes} minutes. Accept them before {expires_at}; until then nothing has left their account.",
        "请在到期前接受赠予",
    ),
    Topic.MINUTES_EXPIRING: Sentence(
        "您有 {minutes} 分钟时间币将在 {expires_on} 到期，请在那之前使用。服务时长永久保留，不受影响。",
        "{minutes} of your minutes expire on {expires_on}; use them before. The hours you have served stay for ever.",
        "时间币即将到期",
    ),
}

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sentence(topic: Topic, facts: Mapping[str, Any], *, english: bool = False) -> str:
    """Return what a message says."""
    shown = {name: _shown(name, value, english=english) for name, value in facts.items()}
    return (SENTENCES[topic].en if english else SENTENCES[topic].zh).format_map(shown)


def local_instant(value: str) -> datetime:
    """Return the instant that a fact ``…_at`` names, on the clock in Asia/Shanghai."""
    return datetime.fromisoformat(value).astimezone(SHANGHAI)


def _shown(name: str, value: Any, *, english: bool) -> Any:
    if name.endswith("_at"):
        at = local_instant(value)
        return f"{_day(at.date(), english=english)} {at:%H:%M}"
    return _day(date.fromisoformat(value), english=english) if name.endswith("_on") else value


def _day(day: date, *, english: bool) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}" if english else f"{day.month}月{day.day}日"

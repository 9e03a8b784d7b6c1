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
    Topic.PLACE_OFFERED: Sentence(
        "您排候补的「{activity}」（{starts_at} 开始）有空位了。请在 {confirm_by_at} 前打开小程序报名；过时名额会让给下一位。",
        "A place is free at {activity} ({starts_at}), where you are on the waiting list. Sign up before {confirm_by_at}; "
        "after that it goes to the next.",
        "有空位，请尽快确认报名",
    ),
    Topic.PLACE_LAPSED: Sentence(
        "为您保留的「{activity}」（{starts_at} 开始）的名额没有在时限内确认，已让给下一位。如仍想参加，请重新排候补。",
        "The place kept for you at {activity} ({starts_at}) was not confirmed in time and went to the next. "
        "Join the waiting list again if you still want to come.",
        "保留的名额已让给下一位",
    ),
    Topic.SHIFT_CHANGED: Sentence(
        "您报名的「{activity}」有变动：现为 {starts_at} 开始，{ends_at} 结束。请打开小程序核对；不能来的请取消报名。",
        "{activity}, for which you have signed up, has changed: it starts {starts_at} and ends {ends_at}. "
        "Look at it; if you cannot come, please withdraw.",
        "活动有变动，请核对时间",
    ),
    Topic.SHIFT_CANCELLED: Sentence(
        "您报名或排候补的「{activity}」（{starts_at} 开始）已取消，请不要前往。可在小程序里选择其他场次。",
        "{activity} ({starts_at}) was cancelled. Please do not come; choose another shift.",
        "活动已取消，请勿前往",
    ),
    Topic.NO_SHOW: Sentence(
        "{served_on}「{activity}」您报了名，没有签到，记为缺席。如确已到场或事出有因，请在小程序里说明，由组织者核实后撤销。",
        "You had signed up for {activity} on {served_on} and did not check in. If you were there or had a reason, "
        "say so in the mini-program and a coordinator will look at it.",
        "记为缺席，可说明情况",
    ),
    Topic.NO_SHOW_LIFTED: Sentence(
        "{served_on}「{activity}」的缺席记录已撤销。谢谢您的说明。",
        "Your absence from {activity} on {served_on} was lifted. Thank you for telling us.",
        "缺席记录已撤销",
    ),
    Topic.EVALUATED: Sentence(
        "{served_on}「{activity}」的服务有了新的评价，请在「我的评价」里查看，可以回复一次。",
        "Somebody has said how your service at {activity} on {served_on} was. Read it under your evaluations; you may reply.",
        "有新的服务评价",
    ),
    Topic.COMPLAINT_ANSWERED: Sentence(
        "您 {made_on} 对「{organisation}」提出的投诉已有答复，请在「我的投诉」里查看。",
        "Your complaint of {made_on} about {organisation} was answered. Read it under your complaints.",
        "投诉已有答复",
    ),
    Topic.GOODS_RECALLED: Sentence(
        "您在「{shop}」领取的「{goods}」，其中一批已于 {recalled_on} 召回。家里如还有，请先不要食用或使用，"
        "带回公益仓或打电话给工作人员，由他们替您核对和处理。",
        "Some of the {goods} that you were given at {shop} were recalled on {recalled_on}. If you have any left, do not "
        "eat or use them: bring them back to the shop, or call the staff, who will look into it with you.",
        "请先勿使用，并联系公益仓",
    ),
    Topic.ERASURE_ASKED: Sentence(
        "监护人已为一位未成年志愿者申请注销账户，{due_at} 起办理，办理后不能恢复。如有不妥，请在那之前撤回："
        "监护人和已满 14 周岁的本人在小程序里撤回，工作人员核实后登记撤回。",
        "A guardian has asked that a minor's account be erased from {due_at} on, for good. If that is not right, take it "
        "back before: guardians, and minors from 14 on, in the mini-program; staff enter it once they have made sure.",
        "未成年人账户将注销，请核对",
    ),
    Topic.ERASURE_LAPSED: Sentence(
        "监护人 {asked_on} 为未成年人提出的注销申请已作废：申请人已不是其监护人，或本人已满 18 周岁。账户照常使用；"
        "仍要注销的，请由本人或现在的监护人重新申请。",
        "What a guardian asked for on {asked_on}, that a minor's account be erased, has lapsed: they answer for the person "
        "no more, who may have come of age. The account stays; if it is still to go, the person or whoever is their "
        "guardian now asks again.",
        "注销申请已作废，账户照常",
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

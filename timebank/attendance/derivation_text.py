"""One sentence on how a record came about, in Chinese or in English; it names nobody, only a volunteer number."""

from timebank.attendance.derivations import Derivation
from timebank.attendance.rules import local
from timebank.policies.rules import Policy
from timebank.records import explanation
from timebank.records.explanation import FLAGS, PROVENANCES
from timebank.records.rules import Flag


def in_chinese(found: Derivation) -> str:
    """Return scans, times, provenance, flags, policy, steps, minutes and what has become of them."""
    ends = (
        f"{local(found.evidence.started_at)} 签到（{_scan_zh(found, scanned=found.scanned_in)}）、"
        f"{local(found.evidence.ended_at)} 签退（{_scan_zh(found, scanned=found.scanned_out)}）"
    )
    doubts = "、".join(FLAGS[flag][0] for flag in sorted(found.derived.flags)) or "无疑问"
    rule = f"第 {found.first.policy_number} 版规则" if found.first.policy_number else "默认规则"
    counted = f"按{rule}（{_steps_zh(found.policy)}），{found.derived.service_minutes} 分钟应计 {found.derived.expected_minutes} 分钟"
    said = explanation.in_chinese(found.current)
    return f"志愿者 {found.volunteer_no} {ends}，{PROVENANCES[found.evidence.provenance][0]}，{doubts}；{counted}；记录：{said}"


def in_english(found: Derivation) -> str:
    """Return the same in English."""
    ends = (
        f"in at {local(found.evidence.started_at)} ({_scan_en(found, scanned=found.scanned_in)}), "
        f"out at {local(found.evidence.ended_at)} ({_scan_en(found, scanned=found.scanned_out)})"
    )
    doubts = ", ".join(FLAGS[flag][1] for flag in sorted(found.derived.flags)) or "no doubts"
    rule = f"version {found.first.policy_number} of the rules" if found.first.policy_number else "the default rules"
    counted = (
        f"by {rule} ({_steps_en(found.policy)}) {found.derived.service_minutes} minutes earn "
        f"{found.derived.expected_minutes}"
    )
    said = explanation.in_english(found.current)
    origin = PROVENANCES[found.evidence.provenance][1]
    return f"Volunteer {found.volunteer_no}: {ends}, {origin}, {doubts}; {counted}; the record: {said}"


def _scan_zh(found: Derivation, *, scanned: bool) -> str:
    if scanned:
        return "有扫码"
    return "到点自动结束" if Flag.AUTO_CLOSED in found.derived.flags else "无扫码"


def _scan_en(found: Derivation, *, scanned: bool) -> str:
    if scanned:
        return "scanned"
    return "ended with its shift" if Flag.AUTO_CLOSED in found.derived.flags else "not scanned"


def _steps_zh(policy: Policy) -> str:
    steps = [f"满 {policy.min_credit_minutes} 分钟起计", f"每 {policy.credit_step_minutes} 分钟一档、不足不计"]
    if policy.daily_credit_cap_minutes is not None:
        steps.append(f"每日最多 {policy.daily_credit_cap_minutes} 分钟")
    return "，".join(steps)


def _steps_en(policy: Policy) -> str:
    steps = [f"from {policy.min_credit_minutes} minutes on", f"in whole steps of {policy.credit_step_minutes}"]
    if policy.daily_credit_cap_minutes is not None:
        steps.append(f"at most {policy.daily_credit_cap_minutes} a day")
    return ", ".join(steps)

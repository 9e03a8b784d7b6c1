"""Every record explains itself in one sentence, in two languages."""

from datetime import date

import pytest

from timebank.database import new_id
from timebank.records.explanation import FLAGS, PROVENANCES, in_chinese, in_english, waiting
from timebank.records.models import Revision
from timebank.records.rules import Flag, Provenance, State


def _revision(state: State, *, credited: int = 0, expected: int = 120, flags: str = "", policy: int = 0) -> Revision:
    return Revision(
        state=state,
        served_on=date(2026, 11, 2),
        activity_name="社区食堂帮厨",
        place="邻里中心",
        organisation_name="三色堇",
        provenance="self_scan",
        service_minutes=125,
        credited_minutes=credited,
        expected_minutes=expected,
        flags=flags,
        policy_number=policy,
        reason="未到场",
    )


@pytest.mark.parametrize(
    ("revision", "zh", "en"),
    [
        (
            _revision(State.FINAL, credited=120, policy=3),
            "按第 3 版规则计入 120 分钟",
            "earned 120 minutes by version 3",
        ),
        (_revision(State.FINAL, credited=70), "余额已到上限，另 50 分钟不计入", "50 more are over the storage cap"),
        (_revision(State.FINAL, expected=0), "按默认规则不计入余额", "earned nothing by the default rules"),
        (
            _revision(State.PENDING_REVIEW, flags="CAPPED,LATE"),
            "因单次超过 12 小时、签到或签退过晚",
            "waits for a coordinator (longer",
        ),
        (_revision(State.PENDING_REVIEW, expected=0), "通过后按默认规则不计入余额", "then earns 0 minutes"),
        (_revision(State.PENDING_NOTICE), "等待公示期满", "the end of the public notice"),
        (_revision(State.REJECTED), "审核未通过，不计入：未到场", "rejected: 未到场"),
    ],
)
def test_the_sentence_says_why_and_how_much(revision: Revision, zh: str, en: str) -> None:
    """What was served, and what becomes of it with the reason."""
    assert zh in in_chinese(revision)
    assert "2026年11月2日在邻里中心参加“社区食堂帮厨”" in in_chinese(revision)
    assert en in in_english(revision)
    assert "125 minutes" in in_english(revision)


def test_a_corrected_record_says_what_it_said_first() -> None:
    """The first minutes stay in sight; an annulled record is told from one that a review rejected."""
    corrected, annulled = _revision(State.FINAL, credited=100), _revision(State.REJECTED)
    for revision in (corrected, annulled):
        revision.correction_id, revision.raw_minutes = new_id(), 150
    assert "服务 125 分钟（原记录 150 分钟，经两人更正）" in in_chinese(corrected)
    assert "(first recorded as 150, corrected by two people)" in in_english(corrected)
    assert "更正作废，不计入：未到场" in in_chinese(annulled)
    assert "annulled: 未到场" in in_english(annulled)


@pytest.mark.parametrize(
    ("revision", "zh", "en"),
    [
        (
            _revision(State.PENDING_REVIEW, flags="CAPPED,FAR"),
            "单次超过 12 小时、位置较远，请核实后决定。",
            "Longer than 12 hours, far from the place: check, then decide.",
        ),
        (
            _revision(State.PENDING_REVIEW),
            "没有疑点，按规则须由协调员审核。",
            "Nothing doubtful; the rules ask for a coordinator's review.",
        ),
        (
            _revision(State.PENDING_NOTICE),
            "公示中，期满无异议即计入。",
            "On public notice; counted when it ends without an objection.",
        ),
        (_revision(State.FINAL), None, None),
    ],
)
def test_the_queue_says_why_a_record_waits(revision: Revision, zh: str | None, en: str | None) -> None:
    """Doubts, a policy, a notice; what is decided waits for nothing."""
    assert waiting(revision) == (zh, en)


def test_every_flag_and_provenance_has_words() -> None:
    """No record is left without a sentence because a word is missing."""
    assert FLAGS.keys() == set(Flag)
    assert PROVENANCES.keys() == set(Provenance)

"""How a refusal fills in its sentence."""

import string

import timebank.application  # noqa: F401 - defines every refusal
from timebank.errors import catalogue


def test_instants_stand_in_sentences_as_the_clock_on_the_wall_shows_them() -> None:
    """Whoever stands at a counter reads Beijing time, and not another day with a Z at its end."""
    dated = 0
    for kind in catalogue():
        for english, detail in ((False, kind.detail), (True, kind.detail_en)):
            names = {name for _, name, _, _ in string.Formatter().parse(detail) if name and name.endswith("_at")}
            if not names:
                continue
            refusal = kind(**dict.fromkeys(names, "2026-11-22T17:26:05.749619Z"))
            _, told = refusal.explain(english=english)
            assert "2026-11-23 01:26" in told, kind.code
            assert "T17:26" not in told, kind.code
            assert ("Beijing time" in told) is english, kind.code
            assert set(refusal.context.values()) == {"2026-11-22T17:26:05.749619Z"}, "programs get the instant itself"
            dated += 1
    assert dated >= 4


def test_an_instant_that_is_not_known_is_a_dash() -> None:
    """As any number that the raiser did not know; and one that is null does not break the refusal."""
    dated = next(kind for kind in catalogue() if "{handed_over_at}" in kind.detail)

    assert "已于 — 核销" in dated().explain()[1]
    assert "已于 — 核销" in dated(handed_over_at=None).explain()[1]


def test_what_can_be_spent_is_called_by_its_own_name() -> None:
    """时间币 go to and fro, 服务时长 are honour and stay: nobody who gives something away is told that their service is gone."""
    for kind in catalogue():
        if kind.__module__.startswith(("timebank.ledger", "timebank.giving", "timebank.shop")):
            assert "时长" not in (kind.title + kind.detail).replace("服务时长", ""), kind.code

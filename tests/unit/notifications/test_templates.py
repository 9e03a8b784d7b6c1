"""Templates come from the settings, and every value fits WeChat's limits."""

import json

import pytest

from tests.factories.notifications import SERVED
from timebank.demo.wechat_messages import SHAPES
from timebank.notifications.rules import Topic
from timebank.notifications.templates import KINDS, Template, read, values
from timebank.settings import UnsafeSettings

GOOD = {"id": "T1", "page": "pages/records?from=message", "fields": {"thing1": "activity", "date2": "served_on"}}


def setting(**changes: object) -> str:
    """Return the setting with one template of which something is changed."""
    return json.dumps({"record_final": GOOD | changes})


def test_templates_are_read_from_the_setting() -> None:
    """By topic: id, page, and which keyword shows which fact; nothing set is no templates."""
    assert read("") == {}
    assert read(setting()) == {Topic.RECORD_FINAL: Template("T1", GOOD["page"], GOOD["fields"])}  # type: ignore[arg-type]
    assert read(json.dumps({"arrival": {"id": "T2", "fields": {"time1": "ends_at", "phrase2": "remark"}}}))[
        Topic.ARRIVAL
    ] == Template("T2", "", {"time1": "ends_at", "phrase2": "remark"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "JSON"),
        ("[]", "JSON"),
        ("5", "JSON"),
        ('{"weather": {}}', "weather"),
        ('{"record_final": []}', "record_final"),
        (setting(id=""), "record_final"),
        (setting(id=5), "record_final"),
        (setting(fields={}), "record_final"),
        (setting(fields=["thing1"]), "record_final"),
        (setting(page="/pages/records"), "page"),
        (setting(page=5), "page"),
        (setting(fields={"thing1": "name"}), "name"),
        (setting(fields={"thing1": 5}), "thing1"),
        (setting(fields={"colour1": "activity"}), "colour1"),
        (setting(fields={"thing": "activity"}), "thing"),
        (setting(fields={"date1": "activity"}), "date1"),
        (setting(fields={"time1": "served_on"}), "time1"),
        (setting(fields={"date1": "remark"}), "date1"),
    ],
)
def test_a_setting_that_would_fail_later_fails_at_the_start(text: str, named: str) -> None:
    """Whatever WeChat would refuse for every message is refused before anything is served, by name."""
    with pytest.raises(UnsafeSettings, match=f"TIMEBANK_WECHAT_TEMPLATES.*{named}"):
        read(text)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"time", "date"}))
@pytest.mark.parametrize(
    "name",
    [
        "助老理发",
        "",
        "   ",
        "a",
        "第一行\n第二行\t第三",
        "很长" * 60,
        "x" * 100,
        "🎉" * 30,
        "7" * 60,
        "-120",
        "\u200b",
        "A B，C",
    ],
)
def test_every_value_fits_its_keyword(kind: str, name: str) -> None:
    """Too long, empty, several lines, emoji, another kind: what goes out has the shape that WeChat asks for."""
    template = Template("T1", "", {f"{kind}1": "activity"})
    told = values(template, Topic.RECORD_FINAL, SERVED | {"activity": name})[f"{kind}1"]["value"]
    assert SHAPES[kind].fullmatch(told)
    assert len(told.encode("utf-16-le")) // 2 <= (20 if kind == "thing" else 32)


def test_a_long_name_is_cut_visibly() -> None:
    """Nineteen characters and a sign that there was more; twenty stay as they are."""
    template = Template("T1", "", {"thing1": "activity"})
    for name, shown in (("长" * 20, "长" * 20), ("长" * 21, "长" * 19 + "…")):
        assert values(template, Topic.RECORD_FINAL, SERVED | {"activity": name}) == {"thing1": {"value": shown}}


def test_days_and_instants_are_written_as_wechat_asks() -> None:
    """With the year, on the clock in Shanghai."""
    facts = {"activity": "护绿", "checked_in_at": "2026-11-02T00:58:30Z", "ends_at": "2026-12-31T16:05:00Z"}
    template = Template("T1", "", {"time1": "ends_at", "thing2": "ends_at", "thing3": "remark"})
    assert values(template, Topic.ARRIVAL, facts) == {
        "time1": {"value": "2027年1月1日 00:05"},
        "thing2": {"value": "2027年1月1日 00:05"},
        "thing3": {"value": "离开时请再次扫码签退"},
    }

"""WeChat's message templates: which one tells what, and values that WeChat accepts.

A template's keywords carry their type in their name (``thing1``, ``date2``). WeChat refuses a whole message (47003) for
one value that is too long or of another kind, so every value is made to fit before it is sent.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from timebank.notifications.rules import FACTS, Topic
from timebank.notifications.sentences import SENTENCES, local_instant
from timebank.settings import UnsafeSettings

SETTING = "TIMEBANK_WECHAT_TEMPLATES"
REMARK = "remark"
"""The name under which a template may show a topic's short remark."""

_KEYWORD = re.compile(r"([a-z_]+?)[0-9]{1,3}")
_NOT_HAN = re.compile(r"[^\u3400-\u9fff]")
_NOT_ASCII = re.compile(r"[^!-~]")
_NOT_LETTERS = re.compile(r"[^A-Za-z]")


@dataclass(frozen=True, slots=True)
class Template:
    """One template of the mini-program: its id, the page that it opens, and the fact that each keyword shows."""

    id: str
    page: str
    fields: Mapping[str, str]


Templates = Mapping[Topic, Template]


def fit_thing(text: str) -> str:
    """Return text for ``thing``: at most 20 characters (as JavaScript counts them), in one line, never empty."""
    line = " ".join(text.split()) or "无"
    return line if _length(line) <= 20 else _cut(line, 19) + "…"


def fit_phrase(text: str) -> str:
    """Return text for ``phrase``: at most 5 Han characters, never empty."""
    return _NOT_HAN.sub("", text)[:5] or "通知"


def fit_character_string(text: str) -> str:
    """Return text for ``character_string``: at most 32 ASCII letters, digits and signs, never empty."""
    return _NOT_ASCII.sub("", text)[:32] or "-"


def fit_letter(text: str) -> str:
    """Return text for ``letter``: at most 32 letters, never empty."""
    return _NOT_LETTERS.sub("", text)[:32] or "A"


def fit_number(text: str) -> str:
    """Return text for ``number``: at most 32 digits, never empty."""
    return re.sub(r"[^0-9]", "", text)[:32] or "0"


KINDS: dict[str, Callable[[str], str]] = {
    "thing": fit_thing,
    "phrase": fit_phrase,
    "character_string": fit_character_string,
    "letter": fit_letter,
    "number": fit_number,
    "time": fit_character_string,
    "date": fit_character_string,
}
_SUITED = {"time": "_at", "date": "_on"}
"""Kinds that only a fact whose name ends so can fill."""


def values(template: Template, topic: Topic, facts: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the ``data`` of a message: every keyword with a value that fits it."""
    return {keyword: {"value": _value(keyword, name, topic, facts)} for keyword, name in template.fields.items()}


def _value(keyword: str, name: str, topic: Topic, facts: Mapping[str, Any]) -> str:
    if name.endswith("_at"):
        at = local_instant(facts[name])
        text = f"{_day(at.date())} {at:%H:%M}"
    elif name.endswith("_on"):
        text = _day(date.fromisoformat(facts[name]))
    else:
        text = SENTENCES[topic].remark if name == REMARK else str(facts[name])
    kind = _kind(keyword)
    return text if kind in _SUITED else KINDS[kind](text)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _kind(keyword: str) -> str:
    match = _KEYWORD.fullmatch(keyword)
    return match[1] if match else ""


def _length(text: str) -> int:
    """Return the length in UTF-16 units: an emoji counts twice, as it does for WeChat."""
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, units: int) -> str:
    while _length(text) > units:
        text = text[:-1]
    return text


def read(text: str) -> Templates:
    """Return the templates of the setting, a JSON object by topic. Raises UnsafeSettings, naming what is wrong.

    ``{"record_final": {"id": "…", "page": "pages/records", "fields": {"thing1": "activity", "date2": "served_on"}}}``
    """
    if not text:
        return {}
    try:
        given = json.loads(text)
        return {_topic(name): _template(Topic(name), told) for name, told in given.items()}
    except (ValueError, AttributeError) as error:
        raise UnsafeSettings(f"{SETTING}: a JSON object of templates by topic ({type(error).__name__})") from None


def counted_as(templates: Templates, topic: Topic) -> Topic:
    """Return the topic under which the messages of one are counted: WeChat counts by template, and topics may share one.

    Of those the first in the order of ``Topic``: ARRIVAL, which a check-in asks about, always counts as itself.
    """
    mine = templates.get(topic)
    alike = (one for one, other in templates.items() if mine is not None and other.id == mine.id)
    return min(alike, key=list(Topic).index, default=topic)


def _topic(name: str) -> Topic:
    if name not in set(Topic):
        raise UnsafeSettings(f"{SETTING}: there is no topic {name!r}; there are {', '.join(Topic)}")
    return Topic(name)


def _template(topic: Topic, told: Any) -> Template:
    fields = told.get("fields") if isinstance(told, dict) else None
    if not isinstance(fields, dict) or not fields or not isinstance(told.get("id"), str) or not told["id"]:
        raise UnsafeSettings(f"{SETTING}: {topic} needs an id and fields")
    page = told.get("page", "")
    if not isinstance(page, str) or page.startswith("/"):
        raise UnsafeSettings(f"{SETTING}: {topic}: a page is a path without a leading slash")
    for keyword, name in fields.items():
        if _kind(keyword) not in KINDS or not _suits(_kind(keyword), topic, name):
            raise UnsafeSettings(f"{SETTING}: {topic}: {keyword!r} cannot show {name!r}")
    return Template(told["id"], page, fields)


def _suits(kind: str, topic: Topic, name: Any) -> bool:
    known = isinstance(name, str) and (name == REMARK or name in FACTS[topic])
    return known and name.endswith(_SUITED.get(kind, ""))

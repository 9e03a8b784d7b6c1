"""What is wrong with a value is said in Chinese, too, whoever says it."""

from collections import defaultdict
from collections.abc import Iterator

from flask.testing import FlaskClient
from marshmallow import Schema, fields, validate

import timebank.application  # noqa: F401 - defines every schema
from timebank.web.field_messages import in_both_languages
from timebank.web.schemas import Schema as OurSchema

_WRITING_ONLY = {"format"}
"""What marshmallow says while it writes an answer: nobody sent that."""


def _schemas(root: type[Schema]) -> Iterator[type[Schema]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _schemas(kind)


def _fields(field: fields.Field) -> Iterator[fields.Field]:
    yield field
    if isinstance(field, fields.List):
        yield from _fields(field.inner)


def _said_by(field: fields.Field) -> Iterator[str]:
    values = defaultdict(lambda: "1", obj_type="datetime", awareness="aware")
    yield from (text.format_map(values) for key, text in field.error_messages.items() if key not in _WRITING_ONLY)
    for check in field.validators:
        if isinstance(check, validate.Length):
            messages = [check.error] if check.error else [check.message_all, check.message_min, check.message_max]
            yield from (message.format_map(values) for message in messages)
        elif isinstance(check, validate.Range):
            yield from (
                message.format_map(values) for message in (check.message_all, check.message_min, check.message_max)
            )
        elif isinstance(check, validate.OneOf | validate.Regexp):
            yield check.error.format_map(values)


def test_every_message_of_a_field_has_its_chinese() -> None:
    """Of all fields of all schemas, with all their checks: also after marshmallow has changed a word."""
    said = set(Schema._default_error_messages.values())
    for kind in _schemas(OurSchema):
        for declared in kind._declared_fields.values():
            for field in _fields(declared):
                said.update(_said_by(field))

    assert len(said) > 20
    assert [text for text in sorted(said) if in_both_languages(text).isascii()] == []


def test_numbers_and_choices_stand_in_both_sentences() -> None:
    """The Chinese comes first; the English is what it was."""
    told = {
        "Length must be between 1 and 500.": "须有 1 到 500 个字（列表为 1 到 500 项）。",
        "Must be greater than or equal to 1 and less than or equal to 90.": "须在 1 到 90 之间。",
        "Must be one of: csv, xlsx.": "只能填其中之一：csv, xlsx。",
        "Missing data for required field.": "必须填写。",
    }

    assert {text: in_both_languages(text) for text in told} == {text: f"{zh} {text}" for text, zh in told.items()}


def test_what_says_both_already_stays_as_it_is(web: FlaskClient) -> None:
    """Nothing is said twice, and a refused value is named by its pointer."""
    assert in_both_languages("须为整数。 Must be a whole number.") == "须为整数。 Must be a whole number."

    answer = web.post("/api/v1/auth/password", json={"username": "x"})
    assert answer.json["errors"] == [{"pointer": "/password", "detail": "必须填写。 Missing data for required field."}]

"""Fields of request bodies and queries that refuse what marshmallow or a database would let through or choke on."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

MAX_WHOLE = 2**53 - 1
"""The largest whole number that survives a JSON reader that knows only doubles."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn round how the text after them is shown: a number beside a name would read otherwise than it is."""
_UNSEEN = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\U000e0000-\U000e0fff]*"
)
"""Text that shows nothing: blanks, joiners, fillers, marks (Unicode's Default_Ignorable_Code_Point, and blank braille)."""


def is_storable(text: str) -> bool:
    """Whether both databases can keep ``text``: no NUL, no lone surrogate."""
    return not _UNSTORABLE.search(text)


def trimmed(text: str) -> str:
    """Return what can be read of ``text``: without blanks at its ends, without marks that turn it round; "" if nothing can."""
    kept = _TURNING.sub("", text).strip()
    return "" if _UNSEEN.fullmatch(kept) else kept


class PlainText(fields.String):
    """Text without NUL, control characters and lone surrogates, of limited length (characters).

    It is trimmed, unless blanks at its ends mean something (a password): what turns round the text after it is left out
    (phones paste such marks around numbers), and text of which nothing can be seen is none.
    """

    def __init__(self, *, max_length: int, min_length: int = 1, trimmed: bool = True, **kwargs: Any) -> None:
        extra = kwargs.pop("validate", [])
        checks = [validate.Length(min=min_length, max=max_length), *(extra if isinstance(extra, list) else [extra])]
        super().__init__(validate=checks, **kwargs)
        self._trimmed = trimmed

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_storable(text) or _CONTROL.search(text):
            raise ValidationError("含有不允许的控制字符。 Control characters are not allowed.")
        return trimmed(text) if self._trimmed else text


class WholeNumber(fields.Integer):
    """A whole number: 49 and 49.0 pass; 49.7, "49" and true do not. Bounded, so that no database overflows."""

    def __init__(self, *, minimum: int = 0, maximum: int = MAX_WHOLE, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=minimum, max=maximum), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise ValidationError("须为整数。 Must be a whole number.")
        return int(value)


class RealNumber(fields.Float):
    """A number, also with a fraction: no text that looks like one, and neither true nor false."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("须为数字。 Must be a number.")
        number: float = super()._deserialize(value, attr, data, **kwargs)
        return number


class YesOrNo(fields.Boolean):
    """True or false: no number and no word that could mean either."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("须为 true 或 false。 Must be true or false.")
        return value


class QueryNumber(fields.Integer):
    """A whole number in a query string, where everything is text."""

    def __init__(self, *, minimum: int = 0, maximum: int = MAX_WHOLE, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(min=minimum, max=maximum), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,16}", value):
            raise ValidationError("须为整数。 Must be a whole number.")
        return int(value)


class Instant(fields.AwareDateTime):
    """An RFC 3339 instant with a zone, between 1970 and 2200; kept in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=None, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        try:
            instant = super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except (OverflowError, ValueError) as error:
            if isinstance(error, ValidationError):
                raise
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error
        if not EARLIEST <= instant < LATEST:
            raise ValidationError("时间超出范围。 Must lie between 1970 and 2200.")
        return instant

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

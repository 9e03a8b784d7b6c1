"""Fields of request bodies that scanners fill in."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from timebank.codes.normalise import barcode

MAX_SCANNED = 64
"""Characters; thirteen digits with anything around and between them."""


class Barcode(fields.String):
    """A barcode without what scanners and input methods make of it; whether it is one is for the verb to say."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(max=MAX_SCANNED), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return barcode(super()._deserialize(value, attr, data, **kwargs))

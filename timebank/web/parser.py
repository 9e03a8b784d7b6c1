"""Reading bodies and queries: strict JSON, and no unknown names."""

import json
from typing import Any

from flask import Request
from marshmallow import RAISE, Schema, missing
from webargs.flaskparser import FlaskParser

from timebank.web.errors import BodyTooLarge, MalformedBody, UnsupportedMediaType


class Parser(FlaskParser):
    """webargs' parser, refusing unknown fields in queries too, and every JSON that two readers may read differently."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": None, "form": None, "query": RAISE}  # noqa: RUF012 - webargs reads it

    def load_json(self, req: Request, schema: Schema) -> Any:  # noqa: ARG002 - webargs gives it
        """Return the parsed body, or ``missing`` without one. Raises UnsupportedMediaType, BodyTooLarge or MalformedBody.

        NaN, Infinity, a name given twice, numbers of thousands of digits and bottomless nesting are malformed.
        """
        body = req.get_data(cache=True)
        if not body and not req.content_type:
            return missing  # no body at all: an empty one, so that what is optional may be left out
        if not req.is_json:
            raise UnsupportedMediaType
        if not body:
            return missing
        # A body sent in chunks is cut off at the limit by werkzeug, without a word.
        if req.content_length is None and req.max_content_length is not None and len(body) >= req.max_content_length:
            raise BodyTooLarge
        try:
            return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise MalformedBody from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")

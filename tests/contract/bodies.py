"""Bodies that a schema accepts, made from the schema alone: whatever has to be there, and nothing else."""

from datetime import date
from typing import Any

from marshmallow import fields, validate

from timebank.database import new_id
from timebank.web.schemas import Schema

Named = dict[str, Any]
"""Values for fields of these names, wherever they stand: ids of what is there."""


def body_for(view: Any, named: Named) -> Any:
    """Return a body for a view, None if it takes none."""
    for parameter in getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", []):
        if parameter["in"] == "json":
            return _object(parameter["schema"], named)
    return None


def _object(schema: Schema, named: Named) -> dict[str, Any]:
    return {
        field.data_key or name: named[name] if name in named else _value(field, named)
        for name, field in schema.load_fields.items()
        if field.required or name in named
    }


def _value(field: fields.Field[Any], named: Named) -> Any:
    if field.allow_none:
        return None
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            return next(iter(check.choices))
    if isinstance(field, fields.Enum):
        return next(iter(field.enum)).value
    if isinstance(field, fields.Nested):
        return _object(field.schema, named)
    if isinstance(field, fields.List):
        return [_value(field.inner, named)]
    if isinstance(field, fields.Dict) and field.key_field and field.value_field:
        return {_value(field.key_field, named): _value(field.value_field, named)}
    return _simple(field)


def _simple(field: fields.Field[Any]) -> Any:
    kinds: list[tuple[type[fields.Field[Any]], Any]] = [
        (fields.UUID, str(new_id())),
        (fields.Boolean, True),
        (fields.Number, 1),
        (fields.AwareDateTime, "2026-11-02T01:00:00Z"),
        (fields.Date, date(2030, 1, 1).isoformat()),
        (fields.String, "一句话"),
    ]
    return next(value for kind, value in kinds if isinstance(field, kind))

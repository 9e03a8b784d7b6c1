"""What goes in and out of the endpoints of areas, organisations and sites."""

from marshmallow import fields, validate

from timebank.organisations.rules import AreaKind, OrganisationKind, SiteKind
from timebank.web.fields import PlainText, QueryNumber, RealNumber
from timebank.web.schemas import PageQuery, Schema

_AREA_CODE = validate.Regexp("^[0-9A-Za-z]*$", error="须为字母或数字。 Must be letters or digits.")


class AreaBody(Schema):
    """A new area."""

    parent_id = fields.UUID(metadata={"description": "省略则为区 · a district without it"})
    code = PlainText(required=True, max_length=8, validate=_AREA_CODE, metadata={"example": "003"})
    name = PlainText(required=True, max_length=60)


class AreaOut(Schema):
    """An area."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = fields.Enum(AreaKind, by_value=True, required=True)
    path = fields.String(required=True, metadata={"example": "0573.01.003.12"})
    level = fields.Integer(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)


class AreaQuery(PageQuery):
    """Which areas."""

    level = QueryNumber(minimum=1, maximum=4)
    parent = fields.UUID()


class OrganisationBody(Schema):
    """A new organisation."""

    name = PlainText(required=True, max_length=120)
    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in OrganisationKind]))
    area_id = fields.UUID(required=True)
    hub_id = fields.UUID()


class OrganisationOut(Schema):
    """An organisation."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    area_id = fields.UUID(required=True)
    hub_id = fields.UUID(required=True, allow_none=True)


class OrganisationQuery(PageQuery):
    """Which organisations; ``area`` takes the whole subtree."""

    area = fields.UUID()
    kind = fields.String(validate=validate.OneOf([str(kind) for kind in OrganisationKind]))


class PlaceBody(Schema):
    """Where a site is (WGS 84 degrees)."""

    latitude = RealNumber(required=True, validate=validate.Range(-90, 90), metadata={"example": 30.535})
    longitude = RealNumber(required=True, validate=validate.Range(-180, 180), metadata={"example": 120.692})


class LocateBody(Schema):
    """Where a site is; null if it is unknown."""

    place = fields.Nested(PlaceBody, required=True, allow_none=True)


class SiteBody(Schema):
    """A new site."""

    organisation_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in SiteKind]))
    name = PlainText(required=True, max_length=120)
    area_id = fields.UUID()
    address = PlainText(max_length=200)
    place = fields.Nested(PlaceBody)


class SiteOut(Schema):
    """A site."""

    id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    area_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)
    place = fields.Nested(PlaceBody, required=True, allow_none=True)


class SiteQuery(PageQuery):
    """Which sites."""

    organisation = fields.UUID()
    kind = fields.String(validate=validate.OneOf([str(kind) for kind in SiteKind]))

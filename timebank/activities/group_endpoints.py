"""Saying for which group one serves, over HTTP."""

from typing import Any
from uuid import UUID

from timebank.activities import groups, schemas
from timebank.activities.models import SignUp
from timebank.identity.guards import person_id, signed_in
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("serving-for", __name__, description="为团体服务 · serving for a group")


@blueprint.endpoint(
    "PUT",
    "/shifts/<uuid:shift_id>/sign-up/group",
    guard=signed_in,
    body=schemas.ServeForBody,
    answer=(200, schemas.ServingForOut),
)
def serve_for(shift_id: UUID, body: dict[str, Any]) -> SignUp:
    """为哪个团体服务：时间币记入团体账户，服务时长仍是本人的；null 为记给本人。签退前可改。"""
    return groups.serve_for(shift_id=shift_id, volunteer_id=person_id(), **body)

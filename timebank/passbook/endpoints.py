"""The passbook over HTTP."""

from typing import Any

from flask import request

from timebank.identity.guards import actor, person_id, signed_in
from timebank.ledger.models import Entry
from timebank.passbook import schemas, service
from timebank.records.account import AccountOut, account_of
from timebank.web.blueprint import Blueprint
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint("passbook", __name__, description="存折 · one's own account")


@blueprint.endpoint("GET", "/me", guard=signed_in, answer=(200, schemas.MeOut))
def get_me() -> dict[str, Any]:
    """我是谁、有哪些角色、账户概况。"""
    return service.me(actor=actor())


@blueprint.endpoint("GET", "/me/account", guard=signed_in, answer=(200, AccountOut))
def get_account() -> dict[str, Any]:
    """时间币余额、冻结、可用、欠还，以及永久的服务时长（按来源）。"""
    return account_of(person_id())


@blueprint.endpoint("GET", "/me/entries", guard=signed_in, query=PageQuery, answer=(200, page_of(schemas.EntryOut)))
def list_entries(query: dict[str, Any]) -> dict[str, Any]:
    """账户明细，最新在前；每一笔都说明来由。"""
    found = page(service.entries(owner_id=person_id()), by=[Entry.seq], query=query, descending=True, scalars=False)
    english = request.accept_languages.best_match(["zh", "en"]) == "en"
    return {**found, "items": service.explained(found["items"], english=english)}

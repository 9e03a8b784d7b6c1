"""The passbook over HTTP, and what everybody may check of the ledger: the ledger itself knows no web."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request

from timebank import clock
from timebank.database import in_unit_of_work
from timebank.documents import csv_file
from timebank.errors import Invalid
from timebank.identity.audit import Verb
from timebank.identity.audited import noted
from timebank.identity.guards import actor, person_id, requires, signed_in
from timebank.identity.rules import Role
from timebank.ledger import anchors, proof, seals
from timebank.ledger.models import Entry, Seal
from timebank.passbook import expiries, schemas, service, statement
from timebank.records.account import AccountOut, account_at, account_of
from timebank.web.blueprint import Blueprint, public
from timebank.web.limits import VERIFICATIONS
from timebank.web.pages import page
from timebank.web.schemas import PageQuery, page_of

blueprint = Blueprint(
    "passbook", __name__, description="存折与账本公示 · one's own account, and what everybody may check"
)


@blueprint.endpoint("GET", "/me", guard=signed_in, answer=(200, schemas.MeOut))
def get_me() -> dict[str, Any]:
    """我是谁、有哪些角色、账户概况。"""
    return service.me(actor=actor())


@blueprint.endpoint("GET", "/me/account", guard=signed_in, query=schemas.AccountQuery, answer=(200, AccountOut))
def get_account(query: dict[str, Any]) -> dict[str, Any]:
    """时间币余额、冻结、可用、欠还，以及永久的服务时长（按来源）；可查过去某一时刻。"""
    if "at" not in query:
        return account_of(person_id())
    if query["at"] > clock.now():
        raise Invalid(errors=[{"pointer": "/at", "detail": "须是过去的时刻。 Must not lie in the future."}])
    return account_at(person_id(), query["at"])


@blueprint.endpoint("GET", "/me/account/expiring", guard=signed_in, answer=(200, schemas.ExpiringOut))
def get_expiring() -> dict[str, Any]:
    """即将到期：30 天内若不使用将失效的时间币；服务时长永久有效，不受影响。"""
    found = expiries.warning_for(person_id())
    return {"by": found[0] if found else None, "minutes": found[1] if found else 0}


@blueprint.endpoint("GET", "/me/account/proof", guard=signed_in, answer=(200, schemas.ProofOut))
def get_account_proof() -> dict[str, Any]:
    """证明：我的账户链尾在最近一次公布的封存之内；保存后可离线核对（docs/verify_proof.py）。"""
    found = seals.proof_of(person_id())
    return {
        "seal": anchors.published(found.seal),
        "leaf": found.leaf._asdict() | {"head": found.leaf.head.hex()},
        "path": [{"side": "left" if step.left else "right", "hash": step.hash.hex()} for step in found.path],
    }


@blueprint.endpoint(
    "GET",
    "/me/entries",
    guard=signed_in,
    query=schemas.EntryQuery,
    answer=(200, page_of(schemas.EntryOut)),
    media_types=("text/csv",),
)
def list_entries(query: dict[str, Any]) -> dict[str, Any] | Response:
    """账户明细，最新在前；每一笔都说明来由。format=csv 下载全部明细。"""
    english = request.accept_languages.best_match(["zh", "en"]) == "en"
    if query["format"] == "csv":
        return _statement(english=english)
    found = page(service.entries(owner_id=person_id()), by=[Entry.seq], query=query, descending=True, scalars=False)
    return {**found, "items": service.explained(found["items"], english=english)}


def _statement(*, english: bool) -> Response:
    """Return the whole statement, read from the database while it is sent: then this request's context is gone."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask documents it for this

    def read(work: Callable[[], statement.Lines]) -> statement.Lines:
        with app.app_context():
            return in_unit_of_work(work, write=False)

    table = statement.table(owner_id=person_id(), read=read, english=english)
    response = Response(csv_file.stream(table), content_type=csv_file.MEDIA_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="entries.csv"'
    return response


@blueprint.endpoint("GET", "/ledger/seals", guard=public, query=PageQuery, answer=(200, page_of(schemas.SealOut)))
def list_seals(query: dict[str, Any]) -> dict[str, Any]:
    """公示：历次封存，最新在前。请自行保存，日后可凭此发现账本被删改或换回旧本。"""
    found = page(seals.published(), by=[Seal.n], query=query, descending=True)
    return {**found, "items": [anchors.published(seals.row_of(seal)) for seal in found["items"]]}


@blueprint.endpoint(
    "POST",
    "/ledger/seals",
    guard=requires(Role.AUDITOR, Role.ADMIN),
    answer=(201, schemas.SealOut),
    once=True,
    audited=noted(Verb.ISSUE, "seal", target="n"),
)
def make_seal() -> dict[str, Any]:
    """封存：把此刻所有账户链尾收进一个可公布的哈希。"""
    return anchors.published(seals.make())


@blueprint.endpoint(
    "GET",
    "/ledger/verification",
    guard=requires(Role.AUDITOR, Role.ADMIN),
    query=schemas.VerificationQuery,
    answer=(200, schemas.VerificationOut),
    limit=VERIFICATIONS,
)
def verify_ledger(query: dict[str, Any]) -> dict[str, Any]:
    """核对账本：重算每一笔哈希、余额、转账和封存，指出每类问题的第一行。"""
    return proof.verify(since_seal=query.get("since_seal")).body()

"""What anybody can look up about a certificate, without signing in: as JSON, or as a page for a browser."""

from http import HTTPStatus
from typing import Any

from timebank.certificates import queries, schemas, verify_page
from timebank.certificates.rules import asked_for
from timebank.errors import NotFound
from timebank.web.blueprint import Blueprint, public
from timebank.web.browsers import as_page, wants_a_page
from timebank.web.limits import VERIFY

blueprint = Blueprint("verify", __name__, description="证明核验 · verification of certificates")


@blueprint.endpoint(
    "GET",
    "/verify/<string(maxlength=80):code>",
    guard=public,
    answer=(200, schemas.VerifiedOut),
    media_types=("text/html",),
    limit=VERIFY,
)
def verify_certificate(code: str) -> Any:
    """核验证明：扫二维码，或输入完整编号；无须登录。浏览器得到网页，程序得到 JSON；只显示脱敏姓名、时长、出具单位、日期和状态。"""
    kept = asked_for(code)
    facts = queries.by_code(kept) if kept else None
    if not wants_a_page():
        if facts is None:
            raise NotFound
        return schemas.verified(facts)
    if facts is None:
        return as_page(verify_page.unknown(), verify_page.POLICY, HTTPStatus.NOT_FOUND)
    return as_page(verify_page.found(schemas.verified(facts)), verify_page.POLICY)

"""One's own document number over HTTP."""

from typing import Any

from flask import current_app

from timebank.identity import document_schemas as schemas
from timebank.identity import documents
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.document_models import Document
from timebank.identity.document_rules import DocumentKind, masked
from timebank.identity.guards import person_id, signed_in
from timebank.web import limits
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("documents", __name__, description="证件号码 · document numbers")


def keys() -> DocumentKeys:
    """Return the keys by which this application knows document numbers."""
    made: DocumentKeys = current_app.extensions["timebank-documents"]
    return made


@blueprint.endpoint(
    "PUT",
    "/me/document",
    guard=signed_in,
    body=schemas.DocumentBody,
    answer=(200, schemas.DocumentOut),
    limit=limits.DOCUMENTS,
)
def put_my_document(body: dict[str, Any]) -> dict[str, Any]:
    """登记本人的证件号码：校验后只保存加密摘要和末四位；更改须带证件找工作人员。"""
    who = person_id()
    document = documents.number_of(DocumentKind(body["kind"]), body["number"])
    return shown(documents.enter(person_id=who, document=document, by=who, keys=keys()))


def shown(document: Document) -> dict[str, Any]:
    """Return a document as it is shown, to its person and to staff alike."""
    return {
        "kind": document.kind,
        "masked": masked(DocumentKind(document.kind), document.last_four),
        "seen_by_staff": document.organisation_id is not None,
        "entered_at": document.entered_at,
    }

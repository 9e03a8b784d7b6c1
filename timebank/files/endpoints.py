"""Files over HTTP: sent raw or as the part ``file`` of a form, shown to whom they may be shown."""

from typing import Any
from uuid import UUID

from flask import Response, current_app, request

from timebank.database import in_unit_of_work
from timebank.errors import Invalid
from timebank.files import schemas, service
from timebank.files.errors import FileTooLarge
from timebank.files.models import StoredFile
from timebank.files.pictures import Content, admitted
from timebank.files.rules import MAX_BYTES, MEBIBYTE, PDF, PICTURE_TYPES, Use
from timebank.files.store import Store
from timebank.identity.guards import actor, person_id, signed_in
from timebank.web import limits
from timebank.web.blueprint import Blueprint

blueprint = Blueprint("files", __name__, description="图片与证明材料 · pictures and evidence")

_FORM = "multipart/form-data"
_AROUND = 16 << 10
"""Bytes that a form may have around its file."""


def store() -> Store:
    """Return where the contents of this application's files lie."""
    return Store(current_app.extensions["timebank-settings"].home / "files")


def _received(query: dict[str, Any]) -> Content:
    """Read, judge and write what was sent, before the transaction: all of it takes its time."""
    in_unit_of_work(lambda: service.refuse_hoarder(person_id()), write=False)
    data, declared = _part() if request.mimetype == _FORM else _raw()
    content = admitted(data, declared=declared, use=query["use"])
    store().keep(content.data)
    return content


def _raw() -> tuple[bytes, str]:
    _allow(MAX_BYTES)
    # One byte more than allowed tells a body without a length that is too long; werkzeug cuts it off without a word.
    return request.get_data(cache=False), request.mimetype


def _part() -> tuple[bytes, str]:
    _allow(MAX_BYTES + _AROUND)
    sent = list(request.files.items(multi=True))
    if [name for name, _ in sent] != ["file"] or request.form:
        detail = "表单须有且只有一个名为 file 的文件。 The form holds one file named file and nothing else."
        raise Invalid(errors=[{"pointer": "/file", "detail": detail}])
    part = sent[0][1]
    return part.stream.read(), part.mimetype


def _allow(most: int) -> None:
    """Let this body be larger than others are. Raises FileTooLarge when it says by itself that it is too large."""
    request.max_content_length = most + 1
    if request.content_length is not None and request.content_length > most:
        raise FileTooLarge(max_mebibytes=MAX_BYTES // MEBIBYTE)


@blueprint.endpoint(
    "POST",
    "/files",
    guard=signed_in,
    query=schemas.UploadQuery,
    answer=(201, schemas.FileOut),
    limit=limits.UPLOADS,
    prepare=_received,
    uploads=(*PICTURE_TYPES, PDF),
)
def upload_file(query: dict[str, Any], prepared: Content) -> StoredFile:
    """上传图片或证明材料（use=evidence 时可为 PDF）：原样发送，或作表单的 file；图片重新编码，不留位置等信息；同样的内容得到同一个编号。"""
    return service.keep(actor_id=person_id(), content=prepared, store=store())


@blueprint.endpoint(
    "GET",
    "/files/<uuid:file_id>",
    guard=signed_in,
    answer=(200, None),
    media_types=(*sorted({"image/jpeg", PDF}),),
)
def show_file(file_id: UUID) -> Response:
    """文件内容：上传者本人，以及有权查看引用它的事项的人；其余为 404。"""
    file = service.visible(file_id=file_id, actor=actor())
    response = Response(store().read(file.sha256), mimetype=file.media_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Whatever a PDF may hold, a browser runs nothing of it in our name.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    kind = "attachment" if file.media_type == PDF else "inline"
    response.headers["Content-Disposition"] = f'{kind}; filename="{file.id}.{file.media_type.rpartition("/")[2]}"'
    return response


__all__ = ["Use", "blueprint", "store"]

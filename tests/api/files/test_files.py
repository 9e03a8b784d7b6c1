"""Files sent and shown through HTTP, attached, and forgotten."""

import io
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests.factories.files import FRIENDS, PDF, a_file, a_picture, a_png_that_says, an_archive
from tests.factories.identity import a_volunteer_actor, signed_in
from timebank import clock
from timebank.commands import cli
from timebank.database import in_unit_of_work, new_id, session
from timebank.errors import StorageFull
from timebank.files import service, sweeping
from timebank.files.endpoints import store
from timebank.files.errors import FileTypeRefused, UnknownFile
from timebank.files.models import FileAttachment, FileUpload, StoredFile
from timebank.files.rules import MAX_BYTES, MAX_UNUSED, PICTURES
from timebank.identity.rules import Actor

FILES = "/api/v1/files"


def send(
    client: FlaskClient, who: Actor, data: bytes, *, media_type: str = "image/jpeg", use: str = ""
) -> TestResponse:
    """Send a raw file."""
    return client.post(FILES + use, data=data, content_type=media_type, headers=signed_in(who))


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of a refusal."""
    assert answer.json is not None
    return answer.status_code, answer.json["code"]


def contents(app: Flask) -> set[str]:
    """Return the names of what lies on disk."""
    folder: Path = app.extensions["timebank-settings"].home / "files"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def attach(file: StoredFile, actor: Actor, owner: Any = None, kind: str = "album") -> Any:
    """Attach a file to an owner, to a new one if none is given; return the owner's id."""
    owner_id = owner or new_id()
    in_unit_of_work(lambda: service.attach(file_id=file.id, owner_kind=kind, owner_id=owner_id, actor=actor))
    return owner_id


def grown_old(app: Flask) -> None:
    """Let everything that was kept lie about for more than a day."""
    for name in contents(app):
        os.utime(app.extensions["timebank-settings"].home / "files" / name, (0, 0))


def sweep(limit: int = 100) -> int:
    """Sweep, and return how many files were forgotten."""
    return sweeping.sweep(store=store(), limit=limit)


def test_a_picture_is_sent_and_seen_by_its_sender(app: Flask, client: FlaskClient) -> None:
    """Raw or in a form: the answer names what is kept, and it comes back as a picture that no browser runs."""
    li = a_volunteer_actor()
    sent = send(client, li, a_picture("PNG"), media_type="image/png")
    assert sent.status_code == 201
    form = {"file": (io.BytesIO(a_picture("PNG")), "a.png", "image/png")}
    again = client.post(FILES, data=form, content_type="multipart/form-data", headers=signed_in(li))
    assert again.json == sent.json  # the same content is the same file
    shown = client.get(f"{FILES}/{sent.json['id']}", headers=signed_in(li))
    assert (shown.status_code, shown.mimetype, len(shown.data)) == (200, "image/jpeg", sent.json["bytes"])
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert contents(app) == {sent.json["sha256"]}


def test_nobody_else_sees_a_file_until_its_owner_shows_it(app: Flask, client: FlaskClient) -> None:
    """Knowing the id is no right; whom the owner lets sees it, and others still do not."""
    li, friend, stranger = a_volunteer_actor(), a_volunteer_actor(), a_volunteer_actor()
    file = a_file(li)
    address = f"{FILES}/{file.id}"
    assert problem(client.get(address, headers=signed_in(friend))) == (404, "NOT_FOUND")
    FRIENDS[attach(file, li)] = friend.person_id
    assert client.get(address, headers=signed_in(friend)).status_code == 200
    assert problem(client.get(address, headers=signed_in(stranger))) == (404, "NOT_FOUND")
    assert problem(client.get(f"{FILES}/{new_id()}", headers=signed_in(li))) == (404, "NOT_FOUND")


def test_a_pdf_is_taken_as_evidence_and_only_to_be_saved(client: FlaskClient) -> None:
    """Where no evidence is asked for, it is refused; it is never shown inside a page."""
    li = a_volunteer_actor()
    assert problem(send(client, li, PDF, media_type="application/pdf")) == (415, "FILE_TYPE_REFUSED")
    sent = send(client, li, PDF, media_type="application/pdf", use="?use=evidence")
    shown = client.get(f"{FILES}/{sent.json['id']}", headers=signed_in(li))
    assert (shown.data, shown.headers["Content-Disposition"].partition(";")[0]) == (PDF, "attachment")


def test_what_is_no_picture_is_refused_and_nothing_is_kept(app: Flask, client: FlaskClient) -> None:
    """Each with its code: no picture, a lie, cut off, too many bytes with and without a length, an odd form."""
    li = a_volunteer_actor()
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    large = b"\xff\xd8\xff" + b" " * MAX_BYTES
    assert problem(send(client, li, b"<html>", media_type="image/jpeg")) == (415, "FILE_TYPE_REFUSED")
    assert problem(send(client, li, a_picture(), media_type="application/pdf")) == (415, "FILE_TYPE_REFUSED")
    assert problem(send(client, li, a_picture()[:200])) == (422, "FILE_UNREADABLE")
    assert problem(send(client, li, b"")) == (422, "FILE_UNREADABLE")
    assert problem(send(client, li, large)) == (413, "FILE_TOO_LARGE")
    for size in ((10_000, 5_000), (2**31 - 1, 2**31 - 1)):  # fifty megapixels, and a bomb
        assert problem(send(client, li, a_png_that_says(*size), media_type="image/png")) == (413, "PICTURE_TOO_LARGE")
    for use in ("", "?use=evidence"):  # a drawing for the eye and a script for the browser
        two_faced = b"GIF89a/*" + a_picture() + b"*/=1;alert(1)"
        assert problem(send(client, li, two_faced, use=use)) == (415, "FILE_TYPE_REFUSED")
    assert problem(send(client, li, PDF + an_archive(), media_type="application/pdf", use="?use=evidence"))[0] == 422
    for more in (b"", b" " * MAX_BYTES):
        answer = client.post(
            FILES,
            input_stream=io.BytesIO(large + more),
            content_type="image/jpeg",
            headers=signed_in(li),
            environ_overrides=chunked,
        )
        assert problem(answer)[0] == 413
    for form in ({}, {"other": (io.BytesIO(a_picture()), "a.jpg")}, {"file": "text"}):
        odd = client.post(FILES, data=form, content_type="multipart/form-data", headers=signed_in(li))
        assert problem(odd) == (422, "INVALID"), form
    two = {"file": [(io.BytesIO(a_picture()), "a.jpg"), (io.BytesIO(a_picture()), "b.jpg")]}
    assert problem(client.post(FILES, data=two, content_type="multipart/form-data", headers=signed_in(li)))[0] == 422
    assert problem(send(client, li, a_picture(), use="?use=fun")) == (422, "INVALID")
    assert contents(app) == set()
    assert in_unit_of_work(lambda: session.scalars(select(StoredFile)).all(), write=False) == []


def test_a_picture_that_is_an_archive_as_well_is_served_as_a_picture_only(client: FlaskClient) -> None:
    """What hangs on to it, and where it was taken, does not come back out."""
    li = a_volunteer_actor()
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (30.0, 31.0, 32.0), 3: "E", 4: (120.0, 41.0, 42.0)}
    sent = send(client, li, a_picture(exif=exif) + an_archive())
    shown = client.get(f"{FILES}/{sent.json['id']}", headers=signed_in(li))
    assert shown.content_type == "image/jpeg"
    assert b"evil" not in shown.data
    assert not Image.open(io.BytesIO(shown.data)).getexif()


def test_a_full_disk_is_507_and_the_same_request_works_later(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is kept, and the answer says that it may be tried again."""
    li = a_volunteer_actor()
    with monkeypatch.context() as patched:
        patched.setattr("timebank.files.store.Store._write", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        answer = send(client, li, a_picture())
    assert problem(answer) == (507, "STORAGE_FULL")
    assert answer.headers["Retry-After"]
    assert answer.json["retryable"] is True
    assert StorageFull.status == 507
    assert send(client, li, a_picture()).status_code == 201


def test_a_content_that_the_disk_lost_is_told(app: Flask, client: FlaskClient) -> None:
    """The row is there and the content is not: 410, not an empty picture; sending it again brings it back."""
    li = a_volunteer_actor()
    sent = send(client, li, a_picture()).json
    store().drop(sent["sha256"])
    address = f"{FILES}/{sent['id']}"
    assert problem(client.get(address, headers=signed_in(li))) == (410, "FILE_LOST")
    assert send(client, li, a_picture()).json == sent
    assert client.get(address, headers=signed_in(li)).status_code == 200


def test_only_who_sent_a_file_attaches_it(app: Flask) -> None:
    """A stranger's id, an unknown one and a type that the owner does not take are refused; a second time is the first."""
    li, wang = a_volunteer_actor(), a_volunteer_actor()
    file = a_file(li)
    with pytest.raises(UnknownFile):
        attach(file, wang)
    owner_id = attach(file, li)
    assert attach(file, wang, owner_id) == owner_id  # it is there already, and stays
    with pytest.raises(UnknownFile):
        attach(StoredFile(id=new_id()), li)
    service.owner("frame", takes=PICTURES)(lambda *_: True)
    with pytest.raises(FileTypeRefused):
        attach(a_file(li, PDF), li, kind="frame")


def test_whoever_hoards_is_refused(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that nothing uses are counted a person; one that is used makes room for another."""
    li = a_volunteer_actor()
    monkeypatch.setattr(service, "MAX_UNUSED", 2)
    files = [a_file(li), a_file(li)]
    assert problem(send(client, li, a_picture())) == (409, "TOO_MANY_UNUSED_FILES")
    assert send(client, a_volunteer_actor(), a_picture()).status_code == 201
    attach(files[0], li)
    assert send(client, li, a_picture()).status_code == 201
    assert MAX_UNUSED == 50


def test_the_sweep_forgets_what_nobody_uses(app: Flask) -> None:
    """After a day without a use, row and content go; what is used, or was sent again a moment ago, stays."""
    li = a_volunteer_actor()
    used, unused, again = a_file(li), a_file(li), a_file(li)
    owner_id = attach(used, li)
    grown_old(app)
    assert sweep() == 0
    _age_uploads(unused, used)
    assert sweep() == 1
    assert contents(app) == {used.sha256, again.sha256}
    in_unit_of_work(lambda: service.attach_only(file_ids=[], owner_kind="album", owner_id=owner_id, actor=li))
    assert in_unit_of_work(lambda: session.scalars(select(FileAttachment)).all(), write=False) == []
    assert sweep() == 1
    assert contents(app) == {again.sha256}


def test_the_sweep_is_bounded(app: Flask) -> None:
    """It forgets so many at once, and the rest the next time."""
    li = a_volunteer_actor()
    _age_uploads(*[a_file(li) for _ in range(5)])
    grown_old(app)
    assert [sweep(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert contents(app) == set()


def test_contents_without_a_row_are_dropped_when_they_are_old(app: Flask) -> None:
    """A power cut between disk and database leaves a content that no row names."""
    stray = store().keep(b"nobody's")
    assert sweep() == 0
    assert contents(app) == {stray}
    grown_old(app)
    result = app.test_cli_runner().invoke(cli, ["sweep"])
    assert "files=0" in result.output
    assert contents(app) == set()


def test_a_file_sent_again_while_its_content_is_dropped_is_whole(app: Flask) -> None:
    """The row decides: whoever finds the content gone writes it again."""
    li = a_volunteer_actor()
    file = a_file(li)
    _age_uploads(file)
    in_unit_of_work(lambda: sweeping._forget(10))
    a_file(li, store().read(file.sha256))
    grown_old(app)
    again = in_unit_of_work(lambda: session.scalars(select(StoredFile)).all(), write=False)
    sweep()
    assert {one.sha256 for one in again} <= contents(app)


def _age_uploads(*files: StoredFile) -> None:
    old = clock.wall() - timedelta(days=2)
    ids = [file.id for file in files]
    in_unit_of_work(
        lambda: session.execute(update(FileUpload).where(FileUpload.file_id.in_(ids)).values(uploaded_at=old))
    )

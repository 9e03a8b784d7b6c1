"""Files that are sent, attached and swept in the same instant."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from tests.concurrency.crowds import all_at_once
from tests.factories.files import a_file, a_picture
from tests.factories.identity import a_volunteer_actor
from tests.factories.shop import seen
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.files import service, sweeping
from timebank.files.endpoints import store
from timebank.files.models import FileAttachment, FileUpload, StoredFile
from timebank.files.pictures import admitted
from timebank.files.rules import Use


def grown_old(*files: StoredFile) -> None:
    """Let files lie about for two days, on disk and in the database."""
    old = clock.wall() - timedelta(days=2)
    ids = [file.id for file in files]
    in_unit_of_work(
        lambda: session.execute(update(FileUpload).where(FileUpload.file_id.in_(ids)).values(uploaded_at=old))
    )
    for file in files:
        os.utime(store()._folder / file.sha256, (0, 0))


def test_twenty_people_send_the_same_picture(app: Flask) -> None:
    """It is one file and one content, and all of them have sent it."""
    people = [a_volunteer_actor() for _ in range(20)]
    content = admitted(a_picture(), declared="", use=Use.PICTURE)

    def sending(person_id: Any) -> Callable[[], Any]:
        return lambda: service.keep(actor_id=person_id, content=content, store=store())

    assert all_at_once(app, [sending(one.person_id) for one in people]) == {"done": 20}
    assert len(seen(lambda: session.scalars(select(StoredFile)).all())) == 1
    assert len(seen(lambda: session.scalars(select(FileUpload)).all())) == 20
    assert store().has(content.sha256)


def test_attaching_races_with_the_sweep(app: Flask) -> None:
    """A file is attached and there, or was forgotten and cannot be attached: never attached and gone."""
    li = a_volunteer_actor()
    files = [a_file(li) for _ in range(12)]
    grown_old(*files)

    def attaching(file_id: Any) -> Callable[[], Any]:
        return lambda: service.attach(file_id=file_id, owner_kind="album", owner_id=new_id(), actor=li)

    sweeps: list[Callable[[], Any]] = [lambda: sweeping._forget(4)] * 4
    outcome = all_at_once(app, [*sweeps, *(attaching(file.id) for file in files)])
    sweeping.sweep(store=store(), limit=100)
    attached = seen(lambda: session.scalars(select(FileAttachment.file_id)).all())
    assert outcome["done"] == 4 + len(attached)
    assert outcome["done"] + outcome["UNKNOWN_FILE"] == 16
    assert {file.id for file in files if store().has(file.sha256)} == set(attached)


def test_sending_again_races_with_the_sweep_of_contents(app: Flask) -> None:
    """Whoever sends what is just being dropped has it kept: no row is without its content."""
    li = a_volunteer_actor()
    contents = [admitted(a_picture(colour=(shade, 9, 9)), declared="", use=Use.PICTURE) for shade in range(0, 250, 25)]
    for content in contents:
        store().keep(content.data)

    def sending(content: Any) -> Callable[[], Any]:
        return lambda: service.keep(actor_id=li.person_id, content=content, store=store())

    def dropping(content: Any) -> Callable[[], Any]:
        return lambda: sweeping._drop(store(), content.sha256)

    works = [work(content) for content in contents for work in (dropping, sending, dropping)]
    assert all_at_once(app, works) == {"done": 30}
    assert len(seen(lambda: session.scalars(select(StoredFile)).all())) == len(contents)
    assert all(store().has(content.sha256) for content in contents)

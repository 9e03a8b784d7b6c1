"""Forgetting what nobody uses: first the rows, and when they are gone for good, the contents.

Part of ``timebank sweep``; it may run twice at once, and beside people who send and attach files.
"""

from itertools import islice

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from timebank import clock
from timebank.database import in_unit_of_work, is_sqlite, new_id, session
from timebank.files.models import FileAttachment, FileUpload, StoredFile
from timebank.files.rules import GRACE
from timebank.files.store import Store

_AT_ONCE = 500


def sweep(*, store: Store, limit: int) -> int:
    """Forget at most ``limit`` files that nothing has used for a day, and at most as many contents; return how many files."""
    swept = in_unit_of_work(lambda: _forget(limit))
    for name in islice(_strays(store), limit):
        in_unit_of_work(lambda stray=name: _drop(store, stray))  # type: ignore[misc]
    return swept


def _forget(limit: int) -> int:
    idle = ~exists().where(FileAttachment.file_id == StoredFile.id) & ~exists().where(
        FileUpload.file_id == StoredFile.id, FileUpload.uploaded_at > clock.wall() - GRACE
    )
    found = select(StoredFile.id).where(idle).order_by(StoredFile.id).limit(limit).with_for_update(skip_locked=True)
    locked = list(session.scalars(found))
    # Asked again under the lock: whoever attached one of them between the look and the lock was first.
    ids = list(session.scalars(select(StoredFile.id).where(StoredFile.id.in_(locked), idle)))
    unseen = {"synchronize_session": False}
    session.execute(delete(FileUpload).where(FileUpload.file_id.in_(ids)), execution_options=unseen)
    session.execute(delete(StoredFile).where(StoredFile.id.in_(ids)), execution_options=unseen)
    return len(ids)


def _strays(store: Store) -> list[str]:
    """Return old contents that no row names: their rows were forgotten, or never written."""
    strays: list[str] = []
    old = store.older_than(clock.wall() - GRACE)
    while names := list(islice(old, _AT_ONCE)):
        known = in_unit_of_work(lambda some=names: _known(some), write=False)  # type: ignore[misc]
        strays += [name for name in names if name not in known]
    return strays


def _known(names: list[str]) -> set[str]:
    return set(session.scalars(select(StoredFile.sha256).where(StoredFile.sha256.in_(names))))


def _drop(store: Store, name: str) -> None:
    """Drop a content unless it has a row by now.

    A row of our own, gone again with this transaction, makes whoever sends the same content wait for its end; then they
    find nothing in the store and write it again.
    """
    made = (sqlite if is_sqlite() else postgresql).insert(StoredFile)
    claim = made.values(id=new_id(), sha256=name, media_type="", bytes=1).on_conflict_do_nothing()
    if session.execute(claim.returning(StoredFile.id)).first() is None:
        return
    unseen = {"synchronize_session": False}
    session.execute(delete(StoredFile).where(StoredFile.sha256 == name), execution_options=unseen)
    store.drop(name)

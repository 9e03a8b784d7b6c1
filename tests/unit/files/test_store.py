"""Contents in a folder."""

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from timebank import clock
from timebank.errors import StorageFull
from timebank.files.errors import FileLost
from timebank.files.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the contents lie."""
    return tmp_path / "files"


def test_a_content_lies_under_its_own_hash(folder: Path) -> None:
    """Kept twice it is there once; dropped it is gone, and dropping it again is no fault."""
    store = Store(folder)
    name = store.keep(b"content")
    assert store.keep(b"content") == name
    assert [path.name for path in folder.iterdir()] == [name]
    assert store.read(name) == b"content"
    store.drop(name)
    store.drop(name)
    assert not store.has(name)


def test_a_content_that_is_lost_or_changed_is_not_shown(folder: Path) -> None:
    """Better nothing than something else."""
    store = Store(folder)
    name = store.keep(b"content")
    (folder / name).write_bytes(b"c0ntent")
    with pytest.raises(FileLost):
        store.read(name)
    store.drop(name)
    with pytest.raises(FileLost):
        store.read(name)


@pytest.mark.parametrize("step", ["fsync", "mkstemp"])
def test_a_full_disk_keeps_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """It is a refusal, nothing half-written stays behind, and with room again the same file is kept."""
    store = Store(folder)

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync" if step == "fsync" else "tempfile.mkstemp", full)
        with pytest.raises(StorageFull):
            store.keep(b"content")
    assert list(folder.iterdir()) == []
    assert store.has(store.keep(b"content"))


def test_another_fault_of_the_disk_is_no_refusal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be written to is the operator's, and says so."""

    def forbidden(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", forbidden)
    with pytest.raises(PermissionError):
        Store(folder).keep(b"content")


def test_what_was_never_finished_is_dropped_when_it_is_old(folder: Path) -> None:
    """A power cut leaves an unfinished file behind; only old ones are nobody's, and only finished ones are contents."""
    store = Store(folder)
    old, new = store.keep(b"old"), store.keep(b"new")
    yesterday = clock.wall() - timedelta(days=1)
    for name in (old, "unfinished-old", "unfinished-new"):
        (folder / name).touch()
    for name in (old, "unfinished-old"):
        os.utime(folder / name, (0, 0))
    assert list(store.older_than(yesterday)) == [old]
    assert {path.name for path in folder.iterdir()} == {old, new, "unfinished-new"}
    assert list(Store(folder / "nowhere").older_than(yesterday)) == []

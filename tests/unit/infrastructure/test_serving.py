"""What a worker does before its first request."""

import gc

import pytest
from flask import Flask

from timebank import serving


def test_a_worker_leaves_its_application_out_of_collections(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays for good is not looked through again and again."""
    monkeypatch.setattr(serving, "create_app", lambda: app)
    gc.unfreeze()  # the tests leave what they keep out of collections, too
    assert serving.application() is app
    assert gc.get_freeze_count() > 100_000

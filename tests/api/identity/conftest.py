"""What the tests of signing in share."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

SignIn = Callable[[str], Any]


@pytest.fixture
def wechat(client: FlaskClient) -> SignIn:
    """Sign in with a code of WeChat; the fake server behind it answers over a real socket on loopback."""
    return lambda code: client.post("/api/v1/auth/wechat", json={"code": code})

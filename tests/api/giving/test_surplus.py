"""What one decides about minutes over the storage cap, over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.identity import a_person, signed_in

URL = "/api/v1/me/giving"

pytestmark = pytest.mark.rule("R19")


def test_consent_is_given_and_taken_back(client: FlaskClient) -> None:
    """Nobody has agreed before they say so; the last decision counts, and the same again changes nothing."""
    headers = signed_in(a_person())
    before = client.get(URL, headers=headers).json
    agreed, again = (client.put(URL, json={"surplus_to_pool": True}, headers=headers) for _ in range(2))
    taken_back = client.put(URL, json={"surplus_to_pool": False}, headers=headers)

    assert before == {"surplus_to_pool": False, "decided_at": None}
    assert (agreed.status_code, agreed.json["surplus_to_pool"]) == (200, True)
    assert again.json == agreed.json
    assert taken_back.json["surplus_to_pool"] is False
    assert client.get(URL, headers=headers).json == taken_back.json


@pytest.mark.parametrize("said", [None, "yes", "true"])
def test_consent_is_yes_or_no(client: FlaskClient, said: Any) -> None:
    """Nothing else is taken for consent."""
    refused = client.put(URL, json={"surplus_to_pool": said}, headers=signed_in(a_person()))

    assert refused.status_code == 422

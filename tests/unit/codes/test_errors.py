"""How a refused scan explains itself."""

import pytest

from timebank.codes import errors
from timebank.errors import Refusal

STATUSES = {
    "TOKEN_MALFORMED": 400,
    "TOKEN_INVALID": 422,
    "TOKEN_FROM_FUTURE": 422,
    "TOKEN_EXPIRED": 410,
    "TOKEN_REVOKED": 410,
    "TICKET_EXPIRED": 410,
    "TICKET_NOT_YOURS": 403,
}
REFUSALS = [kind for kind in Refusal.__subclasses__() if kind.__module__ == errors.__name__]


def test_codes_and_statuses_are_those_of_the_contract() -> None:
    """Clients branch on them."""
    assert {kind.code: kind.status for kind in REFUSALS} == STATUSES


@pytest.mark.parametrize("kind", REFUSALS)
@pytest.mark.parametrize("english", [False, True])
def test_every_refusal_says_what_to_do_next(kind: type[Refusal], english: bool) -> None:
    """In both languages, with nothing left to fill in."""
    title, detail = kind().explain(english=english)

    assert title
    assert "{" not in detail
    assert "—" not in detail
    assert detail.isascii() is english

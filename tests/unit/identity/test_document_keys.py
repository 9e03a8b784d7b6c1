"""Keyed hashes of document numbers, and what the vault seals."""

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from timebank.database import new_id
from timebank.identity.document_errors import VaultKeyMissing
from timebank.identity.document_keys import Algorithm, DocumentKeys, Sealed, key_id
from timebank.identity.document_rules import DocumentKind, DocumentNumber
from timebank.settings import Environment, Settings

NUMBER = DocumentNumber(DocumentKind.RESIDENT_ID, "11010519491231002X", date(1949, 12, 31))
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
SETTINGS = Settings(
    env=Environment.PRODUCTION,
    home=Path("nowhere"),
    database_url="sqlite://",
    owner_database_url="sqlite://",
    bind="127.0.0.1",
    port=8000,
    workers=1,
    threads=1,
    trusted_proxies=0,
    secret_keys=("n" * 32, "o" * 32),
    wechat_app_id="wx",
    wechat_secret="s",
    wechat_base_url="https://api.weixin.qq.com",
)


def keys(hashing: tuple[bytes, ...] = (OLD,), algorithm: Algorithm = Algorithm.SHA256, *vault: bytes) -> DocumentKeys:
    """Return keys."""
    return DocumentKeys(algorithm, hashing, vault)


@pytest.mark.rule("R37")
def test_a_hash_needs_the_key_and_names_it() -> None:
    """Another key, another algorithm, another kind of document: another hash. None of them shows the number."""
    made = keys().hash(NUMBER)
    assert made.key_id == key_id(OLD)
    assert made == keys().hash(NUMBER)
    others = [
        keys((NEW,)).hash(NUMBER),
        keys(algorithm=Algorithm.SM3).hash(NUMBER),
        keys().hash(dataclasses.replace(NUMBER, kind=DocumentKind.PASSPORT)),
    ]
    assert made.value not in {other.value for other in others}
    assert OLD.hex() not in repr(keys())
    assert repr(OLD) not in repr(keys())


def test_a_number_is_looked_for_under_every_live_key_and_both_algorithms() -> None:
    """What was hashed before a key or the algorithm changed is found again."""
    before = keys((OLD,)).hash(NUMBER)
    found = [made.value for made in keys((NEW, OLD), Algorithm.SM3).hashes(NUMBER)]
    assert before.value in found
    assert len(set(found)) == 4


def test_a_secret_of_its_own_outlives_the_secret_keys() -> None:
    """With a document key the hashes stay what they are when the secret keys are rotated; without, they follow them."""
    own = dataclasses.replace(SETTINGS, document_key="d" * 32)
    rotated = dataclasses.replace(own, secret_keys=("x" * 32,))
    assert DocumentKeys.of(own).hash(NUMBER) == DocumentKeys.of(rotated).hash(NUMBER)
    assert len(DocumentKeys.of(SETTINGS).hashing) == 2
    assert DocumentKeys.of(own).hashing[0] not in DocumentKeys.of(SETTINGS).hashing


def test_the_vault_opens_what_it_sealed_for_the_same_person_only() -> None:
    """What was put into another's row, changed, or sealed by a key that is gone does not open."""
    vault, me = keys((OLD,), Algorithm.SHA256, OLD), new_id()
    sealed = vault.seal(NUMBER, person_id=me)
    assert sealed is not None
    assert NUMBER.number.encode() not in sealed.value
    assert vault.open(sealed, person_id=me) == NUMBER.number
    changed = Sealed(sealed.key_id, sealed.nonce, sealed.value[:-1] + bytes([sealed.value[-1] ^ 1]))
    for held, person, with_keys in [
        (sealed, new_id(), vault),
        (changed, me, vault),
        (sealed, me, keys((OLD,), Algorithm.SHA256, NEW)),
        (sealed, me, keys()),
    ]:
        with pytest.raises(VaultKeyMissing):
            with_keys.open(held, person_id=person)


def test_without_a_key_there_is_no_vault() -> None:
    """It is off by default."""
    assert DocumentKeys.of(SETTINGS).vault == ()
    assert keys().seal(NUMBER, person_id=new_id()) is None
    assert keys().newest_vault_id is None

"""How document numbers are hashed, and how the vault seals them. Pure, but for random nonces.

There are few enough numbers to try all of them: the hash is keyed, and the key stands in the settings and not in the database.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from timebank.identity.document_errors import VaultKeyMissing
from timebank.identity.document_rules import DocumentNumber
from timebank.settings import Settings

PURPOSE = "document-numbers"
NONCE_BYTES = 12


class Algorithm(StrEnum):
    """The hash inside the HMAC: SHA-256, or 国密 SM3 (GB/T 32905) where a bank is held to it."""

    SHA256 = "sha256"
    SM3 = "sm3"


@dataclass(frozen=True, slots=True)
class Hash:
    """A number's keyed hash, and what made it."""

    value: bytes
    algorithm: Algorithm
    key_id: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the vault keeps of a number."""

    key_id: str
    nonce: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class DocumentKeys:
    """The keys of one installation, newest first: those that hash, and those of the vault (none: it is off)."""

    algorithm: Algorithm
    hashing: tuple[bytes, ...] = field(repr=False)
    vault: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "DocumentKeys":
        """Return the keys that the settings give."""
        own = settings.document_key
        hashing = (hmac.digest(own.encode(), PURPOSE.encode(), hashlib.sha256),) if own else settings.keys(PURPOSE)
        return cls(Algorithm(settings.document_hash), hashing, tuple(bytes.fromhex(key) for key in settings.vault_key))

    def hash(self, document: DocumentNumber) -> Hash:
        """Return the hash to keep of a number: the configured algorithm, the newest key."""
        return next(self.hashes(document))

    def hashes(self, document: DocumentNumber) -> Iterator[Hash]:
        """Yield every hash under which a number may be on record: it was kept when another key or algorithm was the first."""
        text = f"{document.kind}:{document.number}".encode()
        for algorithm in (self.algorithm, *(other for other in Algorithm if other is not self.algorithm)):
            if algorithm not in hashlib.algorithms_available:
                continue
            for key in self.hashing:
                yield Hash(hmac.new(key, text, algorithm).digest(), algorithm, key_id(key))

    @property
    def hashing_ids(self) -> frozenset[str]:
        """The names of the keys that hashes can be found by."""
        return frozenset(map(key_id, self.hashing))

    @property
    def newest_vault_id(self) -> str | None:
        """The name of the key that seals; None where there is no vault."""
        return key_id(self.vault[0]) if self.vault else None

    def seal(self, document: DocumentNumber, *, person_id: UUID) -> Sealed | None:
        """Return a number encrypted with the newest key for this person alone; None where there is no vault."""
        return self._sealed(document.number.encode(), person_id) if self.vault else None

    def open(self, sealed: Sealed, *, person_id: UUID) -> str:
        """Return the number that was sealed. Raises VaultKeyMissing without its key, or if what is kept was changed."""
        key = next((key for key in self.vault if key_id(key) == sealed.key_id), None)
        if key is None:
            raise VaultKeyMissing
        try:
            return AESGCM(key).decrypt(sealed.nonce, sealed.value, person_id.bytes).decode()
        except InvalidTag:
            raise VaultKeyMissing from None

    def resealed(self, sealed: Sealed, *, person_id: UUID) -> Sealed:
        """Return the same number under the newest key. Raises VaultKeyMissing."""
        return self._sealed(self.open(sealed, person_id=person_id).encode(), person_id)

    def _sealed(self, text: bytes, person_id: UUID) -> Sealed:
        # The person is bound in: what is sealed for one cannot be put into another's row.
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Sealed(key_id(self.vault[0]), nonce, AESGCM(self.vault[0]).encrypt(nonce, text, person_id.bytes))


def key_id(key: bytes) -> str:
    """Return the name of a key: eight characters that give nothing of it away."""
    return hashlib.sha256(b"timebank key id:" + key).hexdigest()[:8]

"""Settings from ``TIMEBANK_*`` variables, frozen at start; an unsafe or misspelt set refuses to start."""

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env, EnvError

PREFIX = "TIMEBANK_"
SECRET_MIN_LENGTH = 32
DOCUMENT_HASHES = ("sha256", "sm3")
VAULT_KEY = re.compile(r"[0-9a-fA-F]{64}")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class UnsafeSettings(Exception):
    """The settings are missing, misspelt or unsafe; the message names the variable and never its value."""


class Environment(StrEnum):
    """Where this process runs: the demo street, or the real one."""

    DEMO = "demo"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that may differ between two installations."""

    env: Environment
    home: Path
    database_url: str = field(repr=False)
    owner_database_url: str = field(repr=False)
    bind: str
    port: int
    workers: int
    threads: int
    trusted_proxies: int
    secret_keys: tuple[str, ...] = field(repr=False)
    wechat_app_id: str
    wechat_secret: str = field(repr=False)
    wechat_base_url: str
    wechat_templates: str = ""
    """Which template tells what, as JSON; ``timebank.notifications.templates`` reads it. Empty: messages are only logged."""
    wechat_scan_page: str = ""
    """The page of the mini-program (``pages/scan``) that its codes on posters open. Empty: the first one."""
    font_path: Path | None = None
    """A TrueType font for rare characters in PDF files, asked after our own."""
    document_hash: str = "sha256"
    """The hash inside the keyed hash of document numbers: ``sha256``, or ``sm3`` where OpenSSL has it."""
    document_key: str = field(default="", repr=False)
    """A secret of its own for document numbers, never to be changed; empty: the secret keys do, as long as they are there."""
    vault_key: tuple[str, ...] = field(default=(), repr=False)
    """Keys of the vault for document numbers, newest first, 64 hexadecimal characters each; none: there is no vault."""
    public_url: str = ""
    """Where the public reaches this bank (``https://time.example.cn``): what QR codes on paper lead to."""

    @property
    def public_address(self) -> str:
        """Return the public address without a slash at its end; the demo has its own. Empty if nobody has said."""
        return self.public_url or (f"http://127.0.0.1:{self.port}" if self.is_demo else "")

    @property
    def is_demo(self) -> bool:
        """Whether the demo street, its clock and its fake WeChat may be used."""
        return self.env is Environment.DEMO

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """Return a 32-byte key per live secret for one purpose, newest first, so that no two uses share a key."""
        return tuple(hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256) for secret in self.secret_keys)

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read ``TIMEBANK_*``; raise UnsafeSettings for anything unknown, malformed, missing or unsafe."""
        refuse_unknown_names()
        try:
            settings = cls._read(Env())
        except EnvError as error:
            raise UnsafeSettings(str(error)) from None
        except OSError as error:
            raise UnsafeSettings(f"TIMEBANK_HOME: cannot be used ({error.strerror})") from None
        settings.refuse_unsafe()
        return settings

    @classmethod
    def _read(cls, env: Env) -> "Settings":
        with env.prefixed(PREFIX):
            environment = env.enum("ENV", Environment.DEMO, enum=Environment, by_value=True)
            home = Path(env.str("HOME", "instance")).resolve()
            home.mkdir(mode=0o700, parents=True, exist_ok=True)  # names and stored answers lie in it
            database_url = _whole(env.str("DATABASE_URL", "")) or f"sqlite:///{home / 'timebank.db'}"
            port = env.int("PORT", 8000)
            return cls(
                env=environment,
                home=home,
                database_url=database_url,
                owner_database_url=_whole(env.str("OWNER_DATABASE_URL", "")) or database_url,
                bind=env.str("BIND", "127.0.0.1"),
                port=port,
                workers=env.int("WORKERS", 1 if database_url.startswith("sqlite") else 2),
                threads=env.int("THREADS", 8),
                trusted_proxies=env.int("TRUSTED_PROXIES", 0),
                secret_keys=tuple(env.list("SECRET_KEYS", [])) or _demo_secret(environment, home),
                wechat_app_id=env.str("WECHAT_APP_ID", "wxdemo" if environment is Environment.DEMO else ""),
                wechat_secret=env.str("WECHAT_SECRET", "demo" if environment is Environment.DEMO else ""),
                wechat_base_url=env.str(
                    "WECHAT_BASE_URL",
                    f"http://127.0.0.1:{port + 1}" if environment is Environment.DEMO else "https://api.weixin.qq.com",
                ).rstrip("/"),
                wechat_templates=env.str("WECHAT_TEMPLATES", ""),
                wechat_scan_page=env.str("WECHAT_SCAN_PAGE", ""),
                font_path=Path(font).resolve() if (font := env.str("FONT_PATH", "")) else None,
                document_hash=env.str("DOCUMENT_HASH", "sha256"),
                document_key=env.str("DOCUMENT_KEY", ""),
                vault_key=tuple(env.list("VAULT_KEY", [])),
                public_url=env.str("PUBLIC_URL", "").rstrip("/"),
            )

    def refuse_unsafe(self) -> None:
        """Raise UnsafeSettings if these settings would sign, store or send anything unsafely."""
        if not self.secret_keys or any(len(secret) < SECRET_MIN_LENGTH for secret in self.secret_keys):
            raise UnsafeSettings(
                f"TIMEBANK_SECRET_KEYS: needs one or more secrets of at least {SECRET_MIN_LENGTH} characters"
            )
        if self.is_sqlite and self.workers != 1:
            raise UnsafeSettings("TIMEBANK_WORKERS: the embedded database has one writer; use 1, or PostgreSQL")
        if self.workers < 1 or self.threads < 1:
            raise UnsafeSettings("TIMEBANK_WORKERS, TIMEBANK_THREADS: at least 1 each")
        if self.font_path is not None and not self.font_path.is_file():
            raise UnsafeSettings("TIMEBANK_FONT_PATH: there is no such file")
        if self.wechat_scan_page.startswith("/") or "?" in self.wechat_scan_page:
            raise UnsafeSettings("TIMEBANK_WECHAT_SCAN_PAGE: a path without a leading slash and without a query")
        if self.public_url and not _is_address(self.public_url, secure=self.env is Environment.PRODUCTION):
            raise UnsafeSettings("TIMEBANK_PUBLIC_URL: scheme and host only, and https in production")
        self._refuse_unsafe_documents()
        if self.env is Environment.PRODUCTION:
            if not self.wechat_app_id or not self.wechat_secret:
                raise UnsafeSettings("TIMEBANK_WECHAT_APP_ID, TIMEBANK_WECHAT_SECRET: required in production")
            if urlsplit(self.wechat_base_url).hostname in LOOPBACK:
                raise UnsafeSettings("TIMEBANK_WECHAT_BASE_URL: a fake WeChat may not sign anyone in in production")

    def _refuse_unsafe_documents(self) -> None:
        if self.document_hash not in DOCUMENT_HASHES:
            raise UnsafeSettings(f"TIMEBANK_DOCUMENT_HASH: one of {', '.join(DOCUMENT_HASHES)}")
        try:
            hashlib.new(self.document_hash)
        except ValueError:
            raise UnsafeSettings("TIMEBANK_DOCUMENT_HASH: this OpenSSL cannot do it") from None
        if self.document_key and len(self.document_key) < SECRET_MIN_LENGTH:
            raise UnsafeSettings(f"TIMEBANK_DOCUMENT_KEY: needs at least {SECRET_MIN_LENGTH} characters")
        if any(not VAULT_KEY.fullmatch(key) for key in self.vault_key) or len({*self.vault_key}) < len(self.vault_key):
            raise UnsafeSettings("TIMEBANK_VAULT_KEY: 64 hexadecimal characters each, all different, newest first")


def refuse_unknown_names() -> None:
    """Raise UnsafeSettings for a ``TIMEBANK_*`` name that nothing reads: a misspelt setting must not be ignored."""
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name not in known and not name.startswith(PREFIX + "TEST_")
    )
    if unknown:
        raise UnsafeSettings(f"unknown settings: {', '.join(unknown)}")


def _is_address(url: str, *, secure: bool) -> bool:
    """Whether ``url`` is a scheme and a host, perhaps with a port, in at most 200 characters."""
    parts = urlsplit(url)
    schemes = {"https"} if secure else {"https", "http"}
    plain = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme in schemes and bool(parts.hostname) and plain and len(url) <= 200


def _whole(database_url: str) -> str:
    """Return the URL of a SQLite file with the whole path: what opens it must agree, wherever each of them runs."""
    scheme, separator, path = database_url.partition(":///")
    if not scheme.startswith("sqlite") or not path or path.startswith((":memory:", "file:")):
        return database_url
    return f"{scheme}{separator}{Path(path).resolve()}"


def _demo_secret(environment: Environment, home: Path) -> tuple[str, ...]:
    """Return the demo's own secret, made once and kept in its home; production has to bring its secrets."""
    if environment is Environment.PRODUCTION:
        return ()
    kept = home / "demo-secret"
    if not kept.exists():
        # Written under another name first: of two processes that start together both read one whole secret.
        descriptor, written = tempfile.mkstemp(dir=home)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(written, kept)
        Path(written).unlink()
    return (kept.read_text(),)

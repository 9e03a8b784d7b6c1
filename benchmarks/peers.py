"""Other ledgers, crediting the same hour from the same clients into the same PostgreSQL.

django-hordak comes from PyPI (``pip install -e '.[bench]'``), with its migrations and its triggers as they are. Of
pgledger a folder with its SQL is read when it is asked for; nothing of it is kept here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from benchmarks.databases import libpq
from timebank.settings import Settings

Post = Callable[[UUID], None]

ISSUER = "issuer"
CURRENCY = "XXX"  # ISO 4217: no currency
_starting = Lock()


# --- django-hordak ----------------------------------------------------------------------------------------------------


def has_hordak() -> bool:
    """Return whether django-hordak is installed."""
    return find_spec("hordak") is not None


def set_up_hordak(settings: Settings, owners: Sequence[UUID]) -> None:
    """Migrate, and open an account for each owner and the one that they are credited from."""
    _start_django(settings)
    from django.core.management import call_command  # noqa: PLC0415 - Django is there for benchmarks only
    from django.db import connection  # noqa: PLC0415
    from hordak.models import Account  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    for number, name in enumerate([ISSUER, *map(str, owners)]):
        kind = "IN" if name == ISSUER else "AS"  # from the one to the other, both rise
        Account.objects.create(name=name, code=f"{number:05}", type=kind, currencies=[CURRENCY])
    connection.close()


def _start_django(settings: Settings) -> None:
    import django  # noqa: PLC0415
    from django.conf import settings as of_django  # noqa: PLC0415

    with _starting:
        if of_django.configured:
            return
        url = make_url(settings.owner_database_url)
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.database,
            "USER": url.username or "",
            "PASSWORD": url.password or "",
            "HOST": url.query.get("host") or url.host or "",
            "PORT": str(url.port or ""),
            "CONN_MAX_AGE": None,
        }
        of_django.configure(
            DATABASES={"default": database},
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            CURRENCIES=(CURRENCY,),
            DEFAULT_CURRENCY=CURRENCY,
            SECRET_KEY="benchmarks only",
            USE_TZ=True,
        )
        django.setup()


@contextmanager
def hordak(settings: Settings, minutes: int, *, balance: bool) -> Iterator[Post]:
    """Credit by hordak's ``transfer_to``, in a transaction as its documentation has it.

    With ``balance`` the account is locked and its balance read after it, which our posting always answers with.
    """
    _start_django(settings)
    from django.db import connection, transaction  # noqa: PLC0415
    from hordak.models import Account  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    amount = Money(minutes, CURRENCY)
    accounts: dict[str, Any] = {account.name: account for account in Account.objects.all()}
    issuer = accounts[ISSUER]

    def post(owner_id: UUID) -> None:
        with transaction.atomic():
            account = accounts[str(owner_id)]
            if balance:
                account = Account.objects.select_for_update().get(pk=account.pk)
            issuer.transfer_to(account, amount)
            if balance:
                assert account.get_balance()[CURRENCY].amount >= minutes

    try:
        yield post
    finally:
        connection.close()


# --- pgledger ---------------------------------------------------------------------------------------------------------


def set_up_pgledger(settings: Settings, folder: Path, owners: Sequence[UUID]) -> None:
    """Load the SQL of a copy of pgledger, and open an account for each owner and the one that they are credited from."""
    scripts = [*sorted(folder.glob("vendor/*/*.sql")), folder / "pgledger.sql"]
    with psycopg.connect(libpq(settings.owner_database_url)) as connection:
        for script in scripts:
            connection.execute(script.read_bytes())
        opening = "SELECT pgledger_create_account(%s, %s, allow_negative_balance => %s)"
        for name in [ISSUER, *map(str, owners)]:
            connection.execute(opening, (name, CURRENCY, name == ISSUER))


@contextmanager
def pgledger(settings: Settings, minutes: int) -> Iterator[Post]:
    """Credit by pgledger's one call; all credits come from one account, as they do here."""
    with psycopg.connect(libpq(settings.owner_database_url), autocommit=True) as connection:
        accounts = dict(connection.execute("SELECT name, id FROM pgledger_accounts").fetchall())
        issuer = accounts[ISSUER]

        def post(owner_id: UUID) -> None:
            values = (issuer, accounts[str(owner_id)], minutes)
            assert connection.execute("SELECT * FROM pgledger_create_transfer(%s, %s, %s)", values).fetchone()

        yield post

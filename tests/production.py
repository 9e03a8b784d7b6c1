"""PostgreSQL set up as in production: an owner who migrates, an application that appends, auditors who read."""

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

import flask_migrate
import psycopg
from flask import Flask
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL, make_url

from timebank.application import create_app
from timebank.database import db
from timebank.ledger import roles
from timebank.ledger.roles import Roles
from timebank.settings import Environment, Settings

PASSWORD = "the-password-of-roles-in-tests"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bank:
    """A database of production: who may come in, and the application as the application's role."""

    url: URL
    roles: Roles
    app: Flask

    def connect(self, role: str | None = None) -> psycopg.Connection:
        """Return a connection as one of the roles, or as the server's administrator."""
        url = self.url if role is None else self.url.set(username=role, password=PASSWORD)
        return psycopg.connect(libpq(url))

    def settings(self, role: str) -> Settings:
        """Return settings under which the application is that role in production."""
        settings: Settings = self.app.extensions["timebank-settings"]
        return dataclasses.replace(
            settings,
            env=Environment.PRODUCTION,
            database_url=as_role(self.url, role),
            owner_database_url=as_role(self.url, self.roles.owner),
            wechat_base_url="https://api.weixin.qq.com",
        )


def libpq(url: URL) -> str:
    """Return a URL as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def as_role(url: URL, role: str) -> str:
    """Return the URL under which a role comes in."""
    return url.set(username=role, password=PASSWORD).render_as_string(hide_password=False)


@contextmanager
def bank(server_url: str, worker: str, settings: Settings) -> Iterator[Bank]:
    """Set up a database of production from nothing, by the steps of docs/operations.md; remove it and its roles."""
    mark = f"timebank_test_{os.getpid()}_{worker}"
    named = Roles(owner=f"{mark}_owner", app=f"{mark}_app")
    server = make_url(server_url)
    url = server.set(database=f"{mark}_production")
    with psycopg.connect(libpq(server), autocommit=True) as administrator:
        administrator.execute(SQL("CREATE DATABASE {}").format(Identifier(str(url.database))))
        with psycopg.connect(libpq(url), autocommit=True) as inside:
            for statement in roles.set_up(named):
                inside.execute(statement.encode())
            for role in (named.owner, named.app):
                inside.execute(SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(role), PASSWORD))
        app = create_app(
            dataclasses.replace(
                settings, database_url=as_role(url, named.app), owner_database_url=as_role(url, named.owner)
            )
        )
        with app.app_context(), redirect_stdout(StringIO()):
            flask_migrate.upgrade()
            db.engine.dispose()
        try:
            yield Bank(url=url, roles=named, app=app)
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
        administrator.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(str(url.database))))
        for role in (named.owner, named.app):
            administrator.execute(SQL("DROP ROLE {}").format(Identifier(role)))

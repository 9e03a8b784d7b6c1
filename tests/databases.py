"""Fresh, migrated databases on both engines: each is a copy of a template that was migrated once per worker."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import make_url

Migrate = Callable[[str], None]
"""Brings the database of a URL to the newest revision."""


class Databases(Protocol):
    """Makes and drops the databases of one engine."""

    def fresh(self, name: str) -> str:
        """Return the URL of a migrated, empty database of that name; what was in it before is gone."""

    def drop(self, name: str) -> None:
        """Remove the database of that name, if there is one."""

    def close(self) -> None:
        """Remove whatever outlives the run otherwise."""


class SqliteDatabases:
    """Databases that are files in one folder."""

    def __init__(self, folder: Path, migrate: Migrate) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        migrate(f"sqlite:///{self._template}")

    def fresh(self, name: str) -> str:
        """Copy the template over the file of that name."""
        self.drop(name)
        shutil.copyfile(self._template, self._folder / f"{name}.db")
        return f"sqlite:///{self._folder / f'{name}.db'}"

    def drop(self, name: str) -> None:
        """Remove the file with its journals."""
        for suffix in ("", "-wal", "-shm"):
            (self._folder / f"{name}.db{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the files to pytest, which keeps the folders of its last runs."""


class PostgresDatabases:
    """Databases of one server, marked with the worker's name and this process, so that runs can share a server."""

    def __init__(self, server_url: str, worker: str, migrate: Migrate) -> None:
        self._url = make_url(server_url)
        self._mark = f"timebank_test_{os.getpid()}_{worker}"
        libpq = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(libpq, autocommit=True)
        self._made: set[str] = set()
        migrate(self._create("template", ""))

    def fresh(self, name: str) -> str:
        """Drop the database of that name, whoever is still connected, and clone the template."""
        self.drop(name)
        # Copied as files, its first connection need not read the catalogues together again.
        return self._create(name, f'TEMPLATE "{self._mark}_template" STRATEGY FILE_COPY')

    def drop(self, name: str) -> None:
        """Drop the database, ending what is still connected to it."""
        self._connection.execute(f'DROP DATABASE IF EXISTS "{self._mark}_{name}" WITH (FORCE)'.encode())
        self._made.discard(name)

    def close(self) -> None:
        """Drop everything that was made here."""
        for name in tuple(self._made):
            self.drop(name)
        self._connection.close()

    def _create(self, name: str, how: str) -> str:
        self._connection.execute(f'CREATE DATABASE "{self._mark}_{name}" {how}'.encode())
        self._made.add(name)
        return self._url.set(database=f"{self._mark}_{name}").render_as_string(hide_password=False)

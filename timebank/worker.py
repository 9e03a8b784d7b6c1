"""What gunicorn's workers serve. Each holds it in memory: what migrates, seeds and starts is in ``timebank.serving``."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from timebank.application import create_app
from timebank.database import db
from timebank.ledger import doctor


def application() -> Flask:
    """Return the application of a worker; in production its role may own nothing of the ledger.

    Raises UnsafeSettings, which ends the worker and with it the server.
    """
    app = create_app()
    with opened(app):
        refuse_powerful_role(app)
    set_aside()
    return app


def set_aside() -> None:
    """Leave out of every later collection what is there now and stays: modules, tables, routes, schemas.

    They are more than 300,000 objects. A full collection looks at each of them, finds nothing, and stops all threads for 0.1
    to 0.2 s, in the midst of somebody's check-out.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def opened(app: Flask) -> Iterator[None]:
    """Work with the application's database, and leave no connection open: workers are forked afterwards."""
    with app.app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def refuse_powerful_role(app: Flask) -> None:
    """Raise UnsafeSettings in production if the application's role could remove what guards the ledger."""
    if not app.extensions["timebank-settings"].is_demo:
        doctor.refuse_powerful_role()

"""A process that folds one delta after another, until somebody kills it."""

from multiprocessing.connection import Connection

from timebank.application import create_app
from timebank.database import in_unit_of_work
from timebank.settings import Settings
from timebank.statistics import summary


def fold(settings: Settings, out: Connection) -> None:
    """Say that it begins, and fold two deltas at a time."""
    with create_app(settings).app_context():
        out.send("begins")
        while in_unit_of_work(lambda: summary.fold(limit=2)):
            pass

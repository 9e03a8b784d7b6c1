"""WSGI entry point: ``gunicorn app:application``."""

from timebank import worker

application = worker.application()

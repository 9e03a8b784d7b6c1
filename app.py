"""WSGI entry point: ``gunicorn app:application``."""

from timebank import serving

application = serving.application()

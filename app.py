"""WSGI entry point: ``gunicorn app:application``."""

from timebank.application import create_app

application = create_app()

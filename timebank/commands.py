"""The console script ``timebank``: what operators do from a terminal."""

import sys

import click
from flask.cli import FlaskGroup

from timebank.application import create_app
from timebank.settings import UnsafeSettings


@click.group(cls=FlaskGroup, create_app=create_app, add_version_option=False, load_dotenv=False)
def cli() -> None:
    """时间银行的命令行 · the command line of timebank."""


def main() -> None:
    """Run a command; settings that are unsafe end it with one clear line."""
    try:
        cli()
    except UnsafeSettings as error:
        sys.exit(f"timebank: {error}")

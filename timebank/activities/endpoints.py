"""HTTP endpoints."""

from timebank.web.blueprint import Blueprint

blueprint = Blueprint("activities", __name__)

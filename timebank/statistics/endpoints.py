"""HTTP endpoints."""

from timebank.web.blueprint import Blueprint

blueprint = Blueprint("statistics", __name__)

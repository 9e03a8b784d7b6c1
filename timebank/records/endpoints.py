"""HTTP endpoints."""

from timebank.web.blueprint import Blueprint

blueprint = Blueprint("records", __name__)

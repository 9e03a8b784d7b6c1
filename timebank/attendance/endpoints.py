"""HTTP endpoints."""

from timebank.web.blueprint import Blueprint

blueprint = Blueprint("attendance", __name__)

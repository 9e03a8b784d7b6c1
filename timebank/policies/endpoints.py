"""HTTP endpoints."""

from timebank.web.blueprint import Blueprint

blueprint = Blueprint("policies", __name__)

"""HTTP endpoints."""

from timebank.web.blueprint import Blueprint

blueprint = Blueprint("shop", __name__)

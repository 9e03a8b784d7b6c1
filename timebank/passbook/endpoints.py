"""HTTP endpoints."""

from timebank.web.blueprint import Blueprint

blueprint = Blueprint("passbook", __name__)

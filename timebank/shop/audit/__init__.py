"""``timebank shop audit``: everything that the shop claims, recomputed from the facts."""

"""Stocktakes, transfers between sites and write-offs: each is signed by a second person."""

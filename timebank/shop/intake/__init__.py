"""Goods come in: donations, purchases, food of the day; their receipts and donors."""

"""Goods for minutes: baskets, reservations, hand-overs, refunds and the receipts of them."""

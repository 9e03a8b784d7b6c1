"""公益仓: goods, lots and their stock moves, redemptions paid with minutes, the counter, receipts.

Minutes and goods move in one transaction or not at all. Stock is an append-only list of moves per lot, whose last row
holds what is on hand and what of it is reserved; nothing is ever edited to another quantity.
"""

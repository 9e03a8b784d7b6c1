"""Gifts to relatives, donations to the pool of an area, and grants from it."""

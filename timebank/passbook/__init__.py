"""Passbook."""

"""Merchants who supply goods and benefits, and what is settled with them every month."""

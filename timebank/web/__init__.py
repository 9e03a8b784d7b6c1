"""The web kit: everything about HTTP that knows no business word.

An endpoint is declared in one call (``blueprint.py``), which fixes the order of things by construction: rate limit,
token, role, body, one unit of work with its idempotency key inside, answer. Every error is a problem (RFC 9457).
"""

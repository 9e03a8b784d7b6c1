"""People: who someone is, how they sign in, and which roles they hold where.

A volunteer signs in from WeChat, staff by password. Grants (role and scope) are stored here; what a scope covers is
decided by ``organisations``. Nothing of a person but an id leaves this package into ledger, logs or addresses.
"""

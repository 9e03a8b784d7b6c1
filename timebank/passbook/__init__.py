"""存折: what a person sees of themself: who they are, what they have, and why each line of their account is there.

The public side of the ledger (seals, verification) answers here too, because the ledger itself knows no web.
"""

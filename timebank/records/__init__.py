"""Service records as evidence under 民政部令第67号: append-only revisions, reviews, and the credit that each one posts.

Records know evidence (minutes, provenance, flags as values), not scans: attendance passes them.
"""

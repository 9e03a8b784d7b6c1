"""Arriving and leaving: codes on screens, scans, check-in, check-out. Each service ends as a record.

A refused scan leaves a trace; flags never refuse.
"""

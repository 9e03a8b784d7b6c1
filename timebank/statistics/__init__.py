"""Figures that coordinators hand in: hours by organisation, area, activity, volunteer and month.

Read-only. A figure is the sum of the current final revisions of the service records, by the day served on in
Asia/Shanghai; JSON, CSV and XLSX are written from one report, so they never disagree.
"""

"""``python -m benchmarks``, which is what ``make bench`` runs: a day's requests, the ledger, the close of a shift."""

from benchmarks import attendance, day, ledger

day.main([])
ledger.main([])
attendance.main([])

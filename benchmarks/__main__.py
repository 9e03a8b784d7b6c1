"""``python -m benchmarks``, which is what ``make bench`` runs: a day's requests, then the ledger."""

from benchmarks import day, ledger

day.main([])
ledger.main([])

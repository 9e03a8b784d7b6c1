"""``python -m benchmarks``, which is what ``make bench`` runs: a day, the ledger, the close of a shift, the shop."""

from benchmarks import attendance, day, ledger, shop

day.main([])
ledger.main([])
attendance.main([])
shop.main([])

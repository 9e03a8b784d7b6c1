"""``python -m benchmarks``, which is what ``make bench`` runs."""

from benchmarks.day import main

main()

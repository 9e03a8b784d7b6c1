"""What lies on the shelves: lots, their append-only moves and levels, their way from donor to shelf."""

"""评价情况 (民政部令第67号 art 10): how a service was, as its leader and the people served say; the volunteer may reply."""

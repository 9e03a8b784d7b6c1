"""Public accounts (慈善法 78, 79; rule R35): what a shop received, gave away and has."""

"""The tests: what the product promises, checked on both engines."""

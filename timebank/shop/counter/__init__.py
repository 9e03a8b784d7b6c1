"""The counter: looking up codes, selling to who stands there, lock-outs, the close of the day."""

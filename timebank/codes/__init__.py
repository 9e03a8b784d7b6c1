"""Everything that can be scanned: what a code says, how it is signed, and how it is read back.

A code names a random reference, and some name a step of time; a MAC over it proves that we issued it. The letters are
Crockford's, so that a code fits WeChat's ``scene`` and the alphanumeric mode of a QR picture, and survives being read
aloud. Nothing here knows a database or reads a clock: the caller says what time it is, and what a reference stands for.
"""

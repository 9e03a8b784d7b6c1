"""The demo: a street that lives through its year in seconds, a fake WeChat, and a clock that can be moved forward.

Nothing of it is reachable outside the demo environment.
"""

"""People and their data: the profile of Order 67, who may see it, what the bank holds about somebody, and how it goes.

Above the other domains, because what is held about somebody lies in all of them.
"""

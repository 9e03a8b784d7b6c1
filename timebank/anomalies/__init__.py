"""The anomaly inbox: what looks like sold hours, shared codes or fake service, until a person has decided.

Rules only find and hold; a human decides, and says why (rule R13; PIPL 24). Nothing here changes a record or a balance.
"""

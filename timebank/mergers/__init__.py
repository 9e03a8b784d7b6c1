"""Two accounts that turn out to be one person: suggested by rule, bound by the person, or merged by two staff."""

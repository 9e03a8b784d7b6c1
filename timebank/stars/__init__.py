"""Stars (星级): what somebody's service amounts to, proposed by rule, shown to everybody, decided by a person (rule R17)."""

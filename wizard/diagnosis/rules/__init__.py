"""The doctor's rules, one file for each family; each is pure and says what it needs to have seen."""

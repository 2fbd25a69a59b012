"""The tests: real things before fakes."""

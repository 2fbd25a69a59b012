"""The documentation that comes with the program, one file for each topic."""

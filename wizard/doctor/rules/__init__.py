"""One module for each subject of the diagnosis: pure functions from facts to findings."""

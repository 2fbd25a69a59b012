"""One run of one operator: questions, validation, warnings, review, repair, saved answers."""

"""The texts in English: `catalogue` has those of all codes, `questions` those of the questions."""

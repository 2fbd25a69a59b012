"""From bytes to chains, findings and key stores. Uses no file, clock or network."""

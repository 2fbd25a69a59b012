"""The commands and the line mode."""

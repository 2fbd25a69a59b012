"""The commands and the plain line face."""

"""Bytes to chains to findings to bytes. Touches nothing: no file, no clock, no network."""

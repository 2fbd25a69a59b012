"""Turns a diagnosis into a plan that removes its cause."""

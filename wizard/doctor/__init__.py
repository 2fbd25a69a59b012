"""Diagnosis of an installed machine: collected facts, findings, root causes, repairs."""

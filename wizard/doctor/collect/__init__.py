"""Reads what the doctor checks: files, configuration, stores, service, port. Changes nothing."""

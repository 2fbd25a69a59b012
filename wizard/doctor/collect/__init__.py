"""Reads what the doctor judges: files, configuration, stores, service, port. Changes nothing."""

"""Sets up trusted certificates for RICOH CloudStream Print&Scan (the same product as SAFEQ Cloud)."""

__version__ = "0.1.0"

"""OCSP and CRL: asked only when the operator allows it."""

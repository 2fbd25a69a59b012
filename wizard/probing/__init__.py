"""TLS as a client sees it: handshake, rehearsal, revocation. The only package that imports OpenSSL."""

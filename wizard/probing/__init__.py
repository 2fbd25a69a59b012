"""TLS as a client sees it: handshake, rehearsal, revocation. The only room that knows OpenSSL."""

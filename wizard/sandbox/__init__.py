"""A practice deployment with real TLS, for learning and for the tests."""

"""The simulated systemd of a practice deployment."""

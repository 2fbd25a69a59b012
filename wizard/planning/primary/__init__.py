"""Plans an on-premise primary server, or a primary in the vendor's cloud."""

"""Plans an on-premises primary server, or a primary in the vendor's cloud."""

"""What people and scripts read: text, JSON, packs."""

"""What people and scripts read: text, JSON, bundles."""

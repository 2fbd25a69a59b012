"""The transaction: plan, journal, durable writes, backups, apply, undo. It knows nothing about certificates."""

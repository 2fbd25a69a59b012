"""The transaction: plan, journal, durable writes, backups, apply, undo. It does not know what a certificate is."""

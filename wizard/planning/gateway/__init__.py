"""Plans a gateway on the machine itself, and the stores for gateways elsewhere."""

"""The file formats of certificates and keys: recognised by content; no length or count in a file is trusted."""

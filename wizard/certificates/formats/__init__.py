"""The file formats in which certificates and keys arrive: recognised by content, read without trust."""

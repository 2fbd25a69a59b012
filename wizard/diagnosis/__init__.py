"""Facts to findings to root causes to repairs."""

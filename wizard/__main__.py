"""`python -m wizard` is the command `cloudstream-wizard`."""

import os
import sys

# `python -m` looks for modules in the current folder first: a file there must not be run, least of all as root.
# Without pathlib, which Python would look for there too.
if sys.path and sys.path[0] == os.getcwd() and not __file__.startswith(os.path.join(os.getcwd(), "wizard")):  # noqa: PTH109, PTH118
    del sys.path[0]

from wizard.cli.main import entry

if __name__ == "__main__":
    entry()

"""`python -m wizard` is the command `cloudstream-wizard`."""

import gc
import os
import sys

# `python -m` looks for modules in the current folder first: a file there must not be run, least of all as root.
# Without pathlib, which Python would look for there too.
try:
    _here = os.getcwd()  # noqa: PTH109
except OSError:
    # It was deleted: it has no modules, and a command that needs it says so.
    _here = ""
if _here and sys.path and sys.path[0] == _here and not __file__.startswith(os.path.join(_here, "wizard")):  # noqa: PTH118
    del sys.path[0]

from importlib.util import find_spec

# cryptography comes with an OpenSSL. The one of Python beside it would take 5 MB and 10 ms of every start, and nothing
# here needs it where Python has hashes of its own; on RHEL it has none.
if all(map(find_spec, ("_md5", "_sha1"))) and any(map(find_spec, ("_sha2", "_sha256"))):
    sys.modules["ssl"] = sys.modules["_hashlib"] = None  # type: ignore[assignment]

# What is loaded stays: the collector would walk it again and again. `self_start.run` enables it.
gc.disable()

from wizard.cli.main import entry  # noqa: E402 - as above

__all__ = ["entry"]

if __name__ == "__main__":
    entry()

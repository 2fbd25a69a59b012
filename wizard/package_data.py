"""Files that come with the program: read in one way that works installed, from a checkout, a zip file and frozen."""

import pkgutil


def read_text(package: str, name: str) -> str:
    """The file *name* (relative, with `/`) of *package*, as text.

    Not `importlib.resources`, which loads the whole of `zipfile` and would slow every start.

    Raises:
        OSError: there is no such file.
    """
    data = pkgutil.get_data(package, name)
    if data is None:
        raise FileNotFoundError(f"{package} has no loader that reads {name}")
    return data.decode("utf-8")

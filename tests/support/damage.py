"""Files as a bad disk, a cut transfer or somebody's editor leaves them."""

import json
from collections.abc import Callable
from typing import Any

Damage = Callable[[bytes], bytes]


def edited(change: Callable[[Any], object]) -> Damage:
    """A JSON file with one member changed in place."""

    def damage(data: bytes) -> bytes:
        members = json.loads(data)
        change(members)
        return json.dumps(members).encode()

    return damage


ANY_FILE: dict[str, Damage] = {
    "truncated": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "no JSON": lambda _: b"hello\n",
    "binary": lambda _: bytes(range(256)) * 8,
    "nested lists": lambda _: b"[" * 200_000,
    "nested objects": lambda _: b'{"a":' * 200_000,
    "null": lambda _: b"null\n",
    "a list": lambda _: b"[]\n",
    "huge": lambda _: b" " * 5_000_000,
    "long integer": lambda _: b"9" * 10_000,
}

MANIFEST: dict[str, Damage] = {
    **ANY_FILE,
    "foreign schema": edited(lambda it: it.update(schema=2)),
    "no actions": edited(lambda it: it.pop("actions")),
    "title is a number": edited(lambda it: it.update(title=5)),
    "time is a list": edited(lambda it: it.update(at=[])),
    "of another change": edited(lambda it: it.update(id="../../x")),
    "nobody": edited(lambda it: it.update(by=None)),
    "mode is a text": edited(lambda it: it["actions"][0]["after"].update(mode="x")),
    "mode of no file": edited(lambda it: it["actions"][0]["after"].update(mode=10**30)),
    "digest is a number": edited(lambda it: it["actions"][0]["after"].update(sha256=4)),
    "backup elsewhere": edited(lambda it: it["actions"][0].update(backup="../../../../../etc/shadow")),
    "backup is a number": edited(lambda it: it["actions"][0].update(backup=7)),
    "path is a number": edited(lambda it: it["actions"][0].update(path=3)),
    "path with dots": edited(lambda it: it["actions"][0].update(path="/etc/../x")),
    "restart of texts": edited(lambda it: it.update(restart=["a", "b", "c"])),
    "probe is a text": edited(lambda it: it.update(probe="xy")),
    "port is a text": edited(lambda it: it["target"][0].update(port="abc")),
    "port of no host": edited(lambda it: it["target"][0].update(port=70_000)),
    "rolls back a list": edited(lambda it: it.update(rolls_back=["x"])),
    "anchor of numbers": edited(lambda it: it["actions"][-1].update(trust={"alias": 1, "sha256": 2, "secret": 3})),
    "size is no number": edited(lambda it: it["actions"][0]["before"].update(size=float("nan"))),
}

"""A password in memory that is never printed."""

import base64
import hmac
import shlex
from typing import NoReturn
from urllib.parse import quote

from wizard.self_start import load

DUMPS = "json:dumps"
"""By name: json would be loaded before the first paint, which needs none."""
MASK = "********"
"""The mask for any secret, whatever its length."""


class Secret:
    """A text that must not be shown. Only `reveal` returns it.

    Printing, formatting and representing it give eight stars; it refuses to be pickled, copied into a hash table or
    put in order. Two secrets compare equal in constant time.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Each call is a place to justify: keep the result in a local variable, and not for long."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode(errors="surrogatepass"), other._value.encode(errors="surrogatepass")
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied to disk")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self


SHORTEST = 4
"""Values below this length are not searched for: replacing them would destroy reports and so tell the value."""


class Redactor:
    """Knows secrets by value, in the forms that they take in HOCON, shell, URLs and base64."""

    def __init__(self) -> None:
        self._forms: set[str] = set()

    def learn(self, secret: Secret) -> None:
        """Remember *secret*; values shorter than `SHORTEST` are ignored."""
        value = secret.reveal()
        if len(value) < SHORTEST:
            return
        data = value.encode(errors="surrogatepass")
        self._forms |= {
            value,
            load(DUMPS)(value)[1:-1],
            shlex.quote(value),
            quote(value, safe="", errors="replace"),
            base64.b64encode(data).decode(),
            repr(value)[1:-1],
        }

    def scrub(self, text: str) -> str:
        """Return *text* with every known value, longest first, replaced by the mask."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text

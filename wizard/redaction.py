"""The second net under secrets: values that were learnt are cut out of any text that leaves the program."""

import base64
import json
import shlex
from urllib.parse import quote

from wizard.secret import MASK, Secret

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
            json.dumps(value)[1:-1],
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

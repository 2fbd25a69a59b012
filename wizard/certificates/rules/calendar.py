"""The dates of public certificate authorities, from `data/public_ca.toml`."""

import pkgutil
import tomllib
from datetime import date
from functools import cache

from wizard.records import dataclass


@dataclass(frozen=True, slots=True)
class ClientAuthEnd:
    """When a public CA stops putting clientAuth into new certificates.

    Attributes:
        organization: part of the issuer's name; "" for every other CA.
        default_off: from then on only on request.
        gone: from then on not at all.
    """

    organization: str
    default_off: date
    gone: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the data file holds.

    Attributes:
        checked: when the dates were last compared with the CAs' announcements.
        lifetimes: from which day of issue a certificate may live how many days, oldest first.
        client_auth: one entry a CA, the general one last.
    """

    checked: date
    lifetimes: tuple[tuple[date, int], ...]
    client_auth: tuple[ClientAuthEnd, ...]

    def longest_life(self, issued: date) -> int | None:
        """The days that a public certificate issued on that day may live; None before there was a limit."""
        return next((days for start, days in reversed(self.lifetimes) if issued >= start), None)

    def client_auth_end(self, issuer: str) -> ClientAuthEnd:
        """The entry for the CA whose name is part of *issuer*."""
        return next(each for each in self.client_auth if each.organization.lower() in issuer.lower())


@cache
def calendar() -> Calendar:
    """The calendar that came with this version of the wizard."""
    # Not importlib.resources: it loads the whole of zipfile, and every judgement would pay for it.
    text = (pkgutil.get_data("wizard.certificates", "data/public_ca.toml") or b"").decode()
    data = tomllib.loads(text)
    return Calendar(
        data["checked"],
        tuple((each["from"], each["days"]) for each in data["lifetime"]),
        tuple(ClientAuthEnd(each["organization"], each["default-off"], each["gone"]) for each in data["client-auth"]),
    )

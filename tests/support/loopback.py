"""Servers of the tests are on loopback, which the wizard never asks about certificates: one place that allows it."""

import pytest

from wizard.probing.revocation import fetch


def ask_loopback(patch: pytest.MonkeyPatch) -> None:
    """Have addresses of responders, lists and issuers asked wherever they are, until *patch* is undone."""
    patch.setattr(fetch, "may_ask", lambda _: True)

"""What is known about the two OCSP settings of the portal: what the certificates name, and what responders answered."""

import textwrap
from collections.abc import Sequence

from wizard.certificates import fields
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short
from wizard.printable import printable
from wizard.probing.revocation.check import Advice, Revocation, advice, check_revocation
from wizard.probing.revocation.crl import distribution_points
from wizard.questions.answers import AccountAnswers, OcspProbe

_MOST = 3
_WIDTH = 70


def ocsp_evidence(chains: Sequence[Chain], answers: AccountAnswers) -> tuple[str, ...]:
    """Lines for the portal's checklist: what was seen, and what follows from it; none without certificates.

    Asks the responders when the answers allow it: that takes some seconds, and never fails.
    """
    certificates = _below_roots(chains)
    if not certificates:
        return ()
    own = answers.responder or ""
    texts = [_named(certificates, own)]
    if answers.ocsp_probe is OcspProbe.YES:
        issuers = [authority for chain in chains for authority in chain.authorities]
        texts += _answered(check_revocation(certificates, issuers, responder=own or None))
    else:
        texts.append(
            "The responders were not asked from here. The primary must reach them:"
            " cloudstream-wizard probe --revocation tries it."
        )
    return tuple(line for text in texts for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False))


def _below_roots(chains: Sequence[Chain]) -> list[Certificate]:
    """Those whose revocation can be asked for, each once: a root vouches for itself."""
    found = [each for chain in chains for each in (chain.leaf, *chain.intermediates) if each is not None]
    return list(dict.fromkeys(found))


def _named(certificates: Sequence[Certificate], own: str) -> str:
    total = len(certificates)
    responders = {each: fields.responders(each) for each in certificates}
    mute = [short(each) for each in certificates if not responders[each]]
    lists = sum(bool(distribution_points(each)) for each in certificates)
    others = f"; {lists} name a CRL, which these settings do not use" if lists else ""
    if len(mute) == total:
        seen = f"Seen: none of the {total} certificates names an OCSP responder{others}."
        if own:
            return f"{seen} With the check on, all of them are asked about at {own}."
        return f"{seen} With the check on and no URL, there is nobody to ask: leave it off."
    places = list(dict.fromkeys(printable(place, limit=100) for each in certificates for place in responders[each]))
    more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
    seen = f"Seen: {total - len(mute)} of {total} certificates name a responder{others}: {_listed(places)}{more}."
    if not mute:
        return f"{seen} The URL may stay empty."
    return f"{seen} These name none, and nobody documents whether they pass without a URL: {_listed(mute)}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST])


def _answered(results: Sequence[Revocation]) -> list[str]:
    said: Advice = advice(results)
    word = {"on": "the check can be on", "off": "leave the check off"}.get(said.check, "nothing was learnt")
    url = f", with the URL {printable(said.url, limit=100)}" if said.url else ""
    revoked = [short(one.certificate) for one in results if one.status == "revoked"]
    warning = [f"Warning: revoked, and so refused: {_listed(revoked)}."] if revoked else []
    return [f"Asked from this machine: {printable(said.why, limit=400)} So {word}{url}.", *warning]

"""The steps in the portal: which CA files to upload, the OCSP settings, and at the end the policy."""

import textwrap
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from wizard.certificates import fields
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short
from wizard.certificates.rules.certificate import listed
from wizard.certificates.writing import cer_files
from wizard.handoff.bundle import Pack, PackFile
from wizard.handoff.requirements import PORTAL
from wizard.host.machine import now_utc
from wizard.printable import printable
from wizard.probing.revocation.crl import distribution_points
from wizard.questions.answers import AccountAnswers, CloudSupport, OcspProbe
from wizard.self_start import load

if TYPE_CHECKING:
    from wizard.probing.revocation.check import Advice, Revocation

ROUTES = (
    "newer portal: Security > Security options > Certificates",
    "older portal: Account settings > CERTIFICATES",
)
POLICY_ROUTES = (
    "newer portal: Security > Security options > General (PKI)",
    "older portal: Account settings > PKI and encryption",
)

_OPEN = "Open Trusted CA certificates:\n" + "\n".join(ROUTES)

CLOUD_FIRST = (
    "Ask your vendor whether your cloud supports your own CA certificates. The\n"
    "PKI page says that only an on-premises primary does. Without a yes, stop\nhere. You lose nothing if you wait."
)
CLOUD_ANSWERS = {
    CloudSupport.UNCLEAR: CLOUD_FIRST,
    CloudSupport.ACCEPTED: (
        "Your answer (cloud-support): the vendor confirmed that its cloud supports\n"
        "your own CA certificates, or you continue at your own risk. Keep its answer."
    ),
}
AUTHORISATION = "Endpoints with a trusted certificate then need no individual authorisation."
"""What the policy means for everybody who authorised gateways and clients one by one (manual)."""


def make_pack(
    answers: AccountAnswers,
    chains: Sequence[Chain],
    public_roots: Collection[str],
    *,
    evidence: Sequence[str] = (),
    order: tuple[str, ...] = (),
    leaving: Sequence[Certificate] = (),
    cloud: CloudSupport | None = None,
) -> Pack:
    """One .cer per CA of all chains with its fingerprint, and the order of work in the portal.

    Args:
        answers: about the OCSP settings.
        chains: of all machines.
        public_roots: SHA-256 of roots that need no upload.
        evidence: lines about OCSP: what was seen, and what follows.
        order: of the work when certificates are replaced, for the page.
        leaving: CA certificates that go once nothing is under them any more.
        cloud: what was answered about the vendor's cloud; None when the primary does not run there.
    """
    files = _files(chains, public_roots)
    steps = [CLOUD_ANSWERS[cloud]] if cloud is not None else []
    if files:
        steps += [_OPEN, *_uploads(files), "Compare each fingerprint that the portal shows."]
    else:
        steps.append("Nothing to upload: every chain ends in a public root that Java has.")
    if leaving:
        steps.append(f"Leave these in place for now and remove them last: {_listed(leaving)}.")
    steps += [
        "\n".join((ocsp_advice(answers), *evidence)),
        (
            "Check that the primary is verified, and that every gateway and client of\n"
            "this account has its certificate. Endpoints without one go offline\nwith the next step."
        ),
        _policy(replaced=bool(order)),
        "Check that every gateway and client is online again.\nTo undo: choose the built-in policy, in the same place.",
    ]
    if leaving:
        steps.append(f"At the very end, when no machine presents a certificate under them, remove\n{_listed(leaving)}.")
    intro = "The policy comes last: it takes every endpoint without a trusted certificate offline."
    return _pack(intro, steps, files, order)


def trust_pack(
    chains: Sequence[Chain], public_roots: Collection[str], leaving: Sequence[Certificate], order: tuple[str, ...]
) -> Pack:
    """The portal's part of the first and the last phase of a change of the root.

    Args:
        chains: whose CA certificates are uploaded, unless some are *leaving*.
        public_roots: SHA-256 of roots that need no upload.
        leaving: what is removed in the last phase; empty in the first.
        order: of the work, for the page.
    """
    files = {} if leaving else _files(chains, public_roots)
    steps = [_OPEN, *_uploads(files)]
    if leaving:
        steps += [f"Remove {short(each)}\nSHA-256 {each.sha256}" for each in leaving]
        steps.append("Check that every gateway and client is online.")
    elif files:
        steps.append("Compare each fingerprint that the portal shows.\nLeave the CA certificates that are there.")
    else:
        steps = ["Nothing to upload: the new root is a public one that Java brings."]
    return _pack("The policy and the OCSP settings stay as they are.", steps, files, order)


def _files(chains: Sequence[Chain], public_roots: Collection[str]) -> dict[str, Certificate]:
    """What is uploaded, by the name of its file."""
    by_der = {certificate.der: certificate for chain in chains for certificate in chain.authorities}
    return {name: by_der[data] for name, data in cer_files(chains, public_roots=public_roots)}


def _uploads(files: Mapping[str, Certificate]) -> list[str]:
    return [f"Upload {name}  ({short(each)})\nSHA-256 {each.sha256}" for name, each in files.items()]


def _pack(intro: str, steps: Sequence[str], files: Mapping[str, Certificate], order: tuple[str, ...]) -> Pack:
    contents = [PackFile(name, each.der, about=f"CA certificate {short(each)}") for name, each in files.items()]
    return Pack(PORTAL, "Account in the portal", intro, steps, contents, notes=order)


def _listed(certificates: Sequence[Certificate]) -> str:
    """Names alone do not tell a CA from its successor."""
    return ", ".join(f"{short(each)} (SHA-256 {each.sha256[:16]}...)" for each in certificates)


def _policy(*, replaced: bool) -> str:
    routes = "\n".join(POLICY_ROUTES)
    if replaced:
        # It was switched when the first certificates came.
        return (
            'Check that "Certificate policy for internal communication" is still\nUse trusted CA certificates:\n'
            f"{routes}\n{AUTHORISATION}"
        )
    return (
        'Only when every box above is ticked, and in a quiet hour: set\n"Certificate policy for internal communication"'
        f" to\nUse trusted CA certificates:\n{routes}\n{AUTHORISATION}"
    )


def ocsp_advice(answers: AccountAnswers) -> str:
    """What to do about the two OCSP settings; lines as in the checklist, the first one a sentence of its own."""
    return _ADVICE.get(answers.ocsp, f"OCSP: switch the revocation check on and enter the URL:\n{answers.ocsp}")


_ADVICE = {
    "unchanged": "OCSP: leave both settings as they are, unless the PKI team objects.",
    "off": "OCSP: switch the revocation check off.",
    "on": (
        "OCSP: switch the revocation check on and leave the URL empty.\n"
        "The responder named in each certificate is then asked."
    ),
}
_MOST = 3
_WIDTH = 70
_ASK, _CONCLUDE = LOADED_LATER = (
    "wizard.probing.revocation.check:check_revocation",
    "wizard.probing.revocation.check:advice",
)
"""Only where responders are asked: HTTP takes 2 MB of memory."""


def advised(chains: Sequence[Chain], answers: AccountAnswers) -> str:
    """The advice about the two settings in one line, the same beside the questions and in the checklist.

    Asks the responders when the answers allow it: that takes some seconds, and never fails.
    """
    certificates = _below_roots(chains)
    if not certificates:
        return "Advice: as your PKI administrator says; otherwise leave them as they are."
    if answers.ocsp_probe is OcspProbe.YES:
        found: Advice = load(_CONCLUDE)(_asked(chains, answers))
        return f"Advice: {_WORDS.get(found.check, _LEAVE)}, by what the responders answered."
    mute = sum(not fields.responders(each) for each in certificates)
    if mute and not answers.responder:
        return f"Advice: {_WORDS['off']}; {mute} of {len(certificates)} certificates name no responder."
    return "Advice: as your PKI administrator says; otherwise leave them as they are."


_LEAVE = "leave the two settings as they are"
_WORDS = {"on": "the check can be on", "off": "leave the check off"}
_ANSWER_COUNTS_S = 60
"""A responder is asked again about the same certificates after that many seconds."""


def _asked(chains: Sequence[Chain], answers: AccountAnswers) -> "Sequence[Revocation]":
    bare = tuple(Chain(each.leaf, each.intermediates, each.root) for each in chains)
    return _answers_of(bare, answers.responder, int(now_utc().timestamp()) // _ANSWER_COUNTS_S)


@lru_cache(maxsize=8)
def _answers_of(chains: tuple[Chain, ...], responder: str | None, _moment: int) -> "Sequence[Revocation]":
    issuers = [authority for chain in chains for authority in chain.authorities]
    found: Sequence[Revocation] = load(_ASK)(_below_roots(chains), issuers, responder=responder)
    return found


def ocsp_evidence(chains: Sequence[Chain], answers: AccountAnswers) -> tuple[str, ...]:
    """Lines for the portal's checklist: what was seen, and what follows from it; none without certificates.

    Asks the responders when the answers allow it: that takes some seconds, and never fails.
    """
    certificates = _below_roots(chains)
    if not certificates:
        return ()
    own = answers.responder or ""
    texts = [advised(chains, answers), _named(certificates, own)]
    if answers.ocsp_probe is OcspProbe.YES:
        texts += _answered(_asked(chains, answers))
    elif own or any(fields.responders(each) for each in certificates):
        texts.append(
            "The wizard did not ask the responders. The primary must reach them. To test it:"
            " cloudstream-wizard probe --revocation"
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
        seen = f"None of the {total} certificates names an OCSP responder{others}."
        if own:
            return f"{seen} With the check on, all of them are checked at {own}."
        return f"{seen} With the check on and no URL, there is no responder to ask: leave it off."
    places = list(dict.fromkeys(printable(place, limit=100) for each in certificates for place in responders[each]))
    seen = f"{total - len(mute)} of {total} certificates name a responder{others}: {listed(places, _MOST)}."
    if not mute:
        return f"{seen} The URL may stay empty."
    return f"{seen} These name none, and it is not documented whether they pass without a URL: {_sentence_list(mute)}."


def _sentence_list(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST])


def _answered(results: "Sequence[Revocation]") -> list[str]:
    found: Advice = load(_CONCLUDE)(results)
    word = _WORDS.get(found.check, _LEAVE)
    url = f", with the URL {printable(found.url, limit=100)}" if found.url else ""
    revoked = [short(one.certificate) for one in results if one.status == "revoked"]
    warning = [f"Warning: revoked, so they are refused: {_sentence_list(revoked)}."] if revoked else []
    return [f"Asked from this machine: {printable(found.why, limit=400)} So {word}{url}.", *warning]

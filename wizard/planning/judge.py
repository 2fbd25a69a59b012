"""The chain: loaded from the files that the operator named, and judged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from wizard import codes, self_start
from wizard.certificates import fields
from wizard.certificates.chain import assemble, host_chain, host_chains
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS, load_certificate
from wizard.certificates.model import Bundle, Certificate, Chain, Format, Role
from wizard.certificates.names import short
from wizard.certificates.reading import read
from wizard.certificates.roots import Kind, PublicRoots, compare, public_roots
from wizard.certificates.rules import judge
from wizard.certificates.rules.certificate import on
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.host.files import expand_inputs, named_inputs, read_input
from wizard.host.jre import Keytool
from wizard.host.machine import Machine, now_utc, own_names
from wizard.planning.snapshot import MachineSnapshot
from wizard.questions.answers import Answers, OcspProbe, Phase, PrimaryKind, is_pasted, text_of
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files came to.

    Attributes:
        chain: the one that is meant.
        others: further end-entity chains among the files, which are left alone.
        bundles: what each readable file held.
        problems: files that could not be read, with the reason.
    """

    chain: Chain
    others: tuple[Chain, ...]
    bundles: tuple[Bundle, ...]
    problems: tuple[tuple[Path, WizardError], ...]


KeyPassword = Callable[[bool], Secret | None]
"""Gives the password of a private key; the argument says whether it is sure that there is one, so that it may ask."""


PASTED = "the pasted text"
"""What a pasted text is called where a file would be named."""


def no_other(*_: bool) -> None:
    """No password of a private key is known."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the operator's files are read.

    Attributes:
        base: the folder that relative paths are taken from.
        password: asked when a file turns out to be protected.
        key_password: asked when the private key in a store has another password.
        pasted: the texts that were pasted in place of files.
    """

    base: Path
    password: Callable[[], Secret | None]
    key_password: KeyPassword = no_other
    pasted: Mapping[str, Secret] = field(default_factory=dict)


def load(paths: Sequence[str], how: Reading, host: str | None, own: str = "") -> Loaded:
    """Read *paths* (files or folders) and pick the chain for *host*.

    Where no leaf has that name, or it is None, one with a key is taken, that for *own* if there are several.

    One unreadable file among several is a problem to be reported, not an end; a single file, or one that was named by
    itself, must be readable.

    Raises:
        WizardError: a file is missing or unreadable, a password is wrong, or there is no end-entity certificate.
    """
    bundles, problems = read_all(paths, how)
    held = [certificate for bundle in bundles for certificate in bundle.certificates]
    is_there = host is not None and any(fields.matches(each, host) for each in held)
    chains = host_chains(bundles, host=host if is_there else own, now=now_utc())
    if not chains:
        if problems:
            raise problems[0][1]
        raise _without_leaf(bundles, " ".join(paths))
    # The certificate for the host that was answered is meant also while its key is missing.
    best = chains[0] if is_there else next((chain for chain in chains if chain.key is not None), chains[0])
    return Loaded(best, tuple(chain for chain in chains if chain is not best), tuple(bundles), tuple(problems))


def read_all(paths: Sequence[str], how: Reading) -> tuple[list[Bundle], list[tuple[Path, WizardError]]]:
    """What each file of *paths* holds, and those files of folders that could not be read.

    Raises:
        WizardError: a file that was named by itself is missing or unreadable, a pasted text is not there, or a
            password is wrong.
    """
    texts = [text_of(path, how.pasted) for path in paths if is_pasted(path)]
    bundles = [_read(text, PASTED, how) for text in texts]
    problems: list[tuple[Path, WizardError]] = []
    paths = [path for path in paths if not is_pasted(path)]
    named = set(named_inputs(paths, how.base))
    for file in expand_inputs(paths, how.base):
        try:
            bundles.append(_read(read_input(file), str(file), how))
        except WizardError as error:
            if file in named:
                raise
            problems.append((file, error))
    return bundles, problems


def load_authorities(paths: Sequence[str], how: Reading) -> Chain:
    """Read *paths* (files or folders) for CA certificates alone; the chain that ends in a root, if one does.

    Raises:
        WizardError: a file is missing or unreadable, a password is wrong, or there is no CA certificate.
    """
    bundles, _ = read_all(paths, how)
    chains = [chain for chain in assemble(bundles, now=now_utc()) if chain.authorities]
    if not chains:
        raise WizardError(codes.CHAIN_NO_AUTHORITY, subject=" ".join(paths), files=len(bundles))
    return next((chain for chain in chains if chain.root is not None), chains[0])


def _read(data: bytes, name: str, how: Reading) -> Bundle:
    try:
        return read(data, name=name)
    except WizardError as error:
        secret = how.password() if error.spec == codes.READING_PASSWORD_NEEDED else None
        if secret is None:
            raise
        needed = error
    try:
        return read(data, name=name, password=secret)
    except WizardError as error:
        # A wrong password may be that of the key: the two can be given the wrong way round.
        sure = error.code in KEY_PASSWORD_DIFFERS
        other = how.key_password(sure) if sure or error.spec == codes.READING_PASSWORD_WRONG else None
        if other is None:
            # Nobody typed a wrong password: none was typed.
            raise needed if not secret and error.spec == codes.READING_PASSWORD_WRONG else error from None
    return read(data, name=name, password=secret, key_password=other)


def _without_leaf(bundles: Sequence[Bundle], subject: str) -> WizardError:
    if not bundles:
        return WizardError(codes.CHAIN_NO_CERTIFICATE, case="no-file", subject=subject)
    authorities = sum(len(bundle.certificates) for bundle in bundles)
    keys = sum(len(bundle.keys) for bundle in bundles)
    if authorities:
        return WizardError(codes.CHAIN_NO_CERTIFICATE, case="authorities", subject=subject, count=authorities)
    if keys:
        return WizardError(codes.CHAIN_NO_CERTIFICATE, case="keys", subject=subject, count=keys)
    texts = sum(bundle.format in {Format.TEXT, Format.EMPTY, Format.UNKNOWN} for bundle in bundles)
    return WizardError(codes.CHAIN_NO_CERTIFICATE, subject=subject, files=len(bundles), others=texts)


REVOCATION = "wizard.probing.revocation.check:chain_findings"
"""Loaded when the operator wants responders to be asked."""

_ANSWER_COUNTS_S = 60
"""A responder is asked again about the same chain after that many seconds."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the files hold for a role, and what the rules say of it.

    Attributes:
        loaded: the chain that is meant and what else was there.
        findings: of the rules, the worst first.
        suggested_host: the first host name in the leaf, "" when it has none.
        public: whether the root is one that every JRE brings.
        to_ask: the root when only the operator can say whether it is public, whatever was answered so far; else None.
        used_now: the findings when its leaf is used now, so that its chain must be valid now.
    """

    loaded: Loaded
    findings: tuple[Finding, ...]
    suggested_host: str
    public: bool
    to_ask: Certificate | None = None
    used_now: tuple[Finding, ...] = ()

    @property
    def chain(self) -> Chain:
        """The chain that is meant."""
        return self.loaded.chain


def judge_role(role: str, answers: Answers, how: Reading, seen: MachineSnapshot) -> Judged:
    """Load and check the chain for *role*; without a host in the answers, for the first name in the leaf.

    If the files hold certificates of several hosts but none of that one, that of the installed one's host or of this
    machine is meant.

    Args:
        role: `primary`, `gateway.0`, `client.1`: the table of the answers.
        answers: so far.
        how: the files are read.
        seen: the machine, whose JRE brings public roots of its own.

    Raises:
        WizardError: the files cannot be read or hold no certificate of a host.
    """
    section = answers.table(role)
    loaded = load(section.chain, how, section.host or None, _own_name(role, answers, seen))
    return _judged(role, answers, loaded, seen)


def _own_name(role: str, answers: Answers, seen: MachineSnapshot) -> str:
    """The name that this machine's certificate most likely has; "" when *role* is of another machine."""
    is_gateway = answers.primary.kind is PrimaryKind.ELSEWHERE
    if role != ("gateway.0" if is_gateway else "primary"):
        return ""
    installed = suggested_host(seen.chain.leaf) if seen.chain is not None and not is_gateway else ""
    return installed or next(iter(own_names(seen.machine)), "")


def judge_kept(role: str, answers: Answers, certificates: Sequence[bytes], seen: MachineSnapshot) -> Judged:
    """Check the chain of *certificates* (DER, the leaf first) that a plan was made with; the plan holds its key.

    Raises:
        WizardError: `change.plan-unreadable`, when they make no chain.
    """
    try:
        bundle = Bundle(Format.DER, tuple(load_certificate(each) for each in certificates))
        chain = host_chain(bundle, now=now_utc())
    except ValueError:
        chain = None
    if chain is None:
        raise WizardError(codes.CHANGE_PLAN_UNREADABLE, case="certificates", subject=role, role=role)
    return _judged(role, answers, Loaded(replace(chain, key_matches=True), (), (bundle,), ()), seen)


def _judged(role: str, answers: Answers, loaded: Loaded, seen: MachineSnapshot) -> Judged:
    section = answers.table(role)
    suggested = suggested_host(loaded.chain.leaf)
    roots = roots_of(seen, answers)
    findings = judge(
        loaded.chain,
        role=Role(role.partition(".")[0]),
        host=section.host or suggested,
        now=now_utc(),
        ocsp_wanted=answers.account.ocsp not in {"unchanged", "off"},
        public_roots=roots.public,
        unclear_roots=roots.unclear,
    )
    if answers.account.ocsp_probe is OcspProbe.YES:
        asked = Chain(loaded.chain.leaf, loaded.chain.intermediates, loaded.chain.root)
        findings += _revocation(asked, answers.account.responder, int(now_utc().timestamp()) // _ANSWER_COUNTS_S)
    later = _may_begin_later(role, answers, loaded.chain, seen)
    shown = [_not_valid_yet(finding) for finding in findings] if later else findings
    told, used_now = (tuple(sorted(each, key=lambda finding: -finding.severity)) for each in (shown, findings))
    root = loaded.chain.root
    unclear = root is not None and root.sha256 in _decided(seen.anchors, (), ()).unclear
    public = root is not None and root.sha256 in roots.public
    return Judged(loaded, told, suggested, public, root if unclear else None, used_now)


def _may_begin_later(role: str, answers: Answers, chain: Chain, seen: MachineSnapshot) -> bool:
    """Whether *chain* may begin later: the first phase of a change of the root uses nothing of it but the root.

    On a gateway only its plan knows the phase; see `Judged.used_now`.
    """
    if not answers.goal.installs or answers.phase is not Phase.AUTO:
        return answers.goal.installs and answers.phase is Phase.TRUST_ROOT
    if role != "primary":
        return answers.primary.kind is PrimaryKind.ELSEWHERE
    change = compare(seen.chain, chain) if seen.chain is not None else None
    return change is not None and change.kind is Kind.ROOT


def _not_valid_yet(finding: Finding) -> Finding:
    """*finding*, as a note when it is that a certificate is not valid yet."""
    if finding.spec not in {codes.VALIDITY_LEAF_NOT_YET_VALID, codes.VALIDITY_INTERMEDIATE_NOT_YET_VALID}:
        return finding
    return Finding(codes.PHASE_NOT_VALID_YET, finding.subject, finding.facts)


@lru_cache(maxsize=16)
def _revocation(chain: Chain, responder: str | None, _moment: int) -> list[Finding]:
    """What responders say of *chain*; the same question is not asked again for a while."""
    return [each for each in self_start.load(REVOCATION)(chain, responder=responder) if each.severity > Severity.NOTE]


def suggested_host(leaf: Certificate | None) -> str:
    """The first DNS name in the leaf that is a host's, else its common name, for the operator to confirm."""
    if leaf is None:
        return ""
    return next((name for name in fields.dns_names(leaf) if "*" not in name), short(leaf))


def unreadable(machine: Machine, certificates: Iterable[Certificate]) -> list[Finding]:
    """What the product's own Java refuses to parse of *certificates*; nothing where there is none to ask."""
    by_der = {each.der: each for each in certificates}
    try:
        refused = _unreadable(machine, tuple(by_der))
    except WizardError:
        # Whether Java runs at all is checked elsewhere.
        return []
    return [on(by_der[der], codes.FORM_JAVA_CANNOT_READ, reason=why) for der, why in refused.items()]


@lru_cache(maxsize=32)
def _unreadable(machine: Machine, asked: tuple[bytes, ...]) -> dict[bytes, str]:
    return Keytool.of(machine).unreadable(asked)


def roots_of(seen: MachineSnapshot, answers: Answers) -> PublicRoots:
    """Which roots are public on the machine, by the list, its cacerts and the word of the operator."""
    return _decided(seen.anchors, answers.account.public_roots, answers.account.private_roots)


@lru_cache(maxsize=4)
def _decided(anchors: tuple[Certificate, ...], public: tuple[str, ...], private: tuple[str, ...]) -> PublicRoots:
    return public_roots(anchors, public=public, private=private)

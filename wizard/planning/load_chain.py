"""From the files that the operator named to the one chain that is meant."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard import codes
from wizard.certificates.chain import assemble, host_chains
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.certificates.model import Bundle, Chain, Format
from wizard.certificates.reading import read
from wizard.errors import WizardError
from wizard.host.files import expand_inputs, named_inputs, read_input
from wizard.host.machine import now_utc
from wizard.questions.pasted import NONE, is_pasted, text_of
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


def load(
    paths: Sequence[str],
    base: Path,
    password: Callable[[], Secret | None],
    host: str | None,
    key_password: KeyPassword = no_other,
    pasted: Mapping[str, Secret] = NONE,
) -> Loaded:
    """Read *paths* (files or folders) and pick the chain for *host*.

    One unreadable file among several is a problem to be reported, not an end; a single file, or one that was named by
    itself, must be readable.

    Args:
        paths: as the operator named them.
        base: the folder that relative ones are taken from.
        password: asked when a file turns out to be protected.
        host: the name the leaf is wanted for; None takes the leaf that has a key.
        key_password: asked when the private key in a store has another password.
        pasted: the texts that some of *paths* mean.

    Raises:
        WizardError: a file is missing or unreadable, a password is wrong, or there is no end-entity certificate.
    """
    bundles, problems = read_all(paths, base, password, key_password, pasted)
    chains = host_chains(bundles, host=host, now=now_utc())
    if not chains:
        if problems:
            raise problems[0][1]
        raise _without_leaf(bundles, " ".join(paths))
    best = next((chain for chain in chains if chain.key is not None), chains[0])
    return Loaded(best, tuple(chain for chain in chains if chain is not best), tuple(bundles), tuple(problems))


def read_all(
    paths: Sequence[str],
    base: Path,
    password: Callable[[], Secret | None],
    key_password: KeyPassword = no_other,
    pasted: Mapping[str, Secret] = NONE,
) -> tuple[list[Bundle], list[tuple[Path, WizardError]]]:
    """What each file of *paths* holds, and those files of folders that could not be read.

    Raises:
        WizardError: a file that was named by itself is missing or unreadable, a pasted text is not in *pasted*, or a
            password is wrong.
    """
    texts = [text_of(path, pasted) for path in paths if is_pasted(path)]
    bundles = [_read(text, PASTED, password, key_password) for text in texts]
    problems: list[tuple[Path, WizardError]] = []
    paths = [path for path in paths if not is_pasted(path)]
    named = set(named_inputs(paths, base))
    for file in expand_inputs(paths, base):
        try:
            bundles.append(_read(read_input(file), str(file), password, key_password))
        except WizardError as error:
            if file in named:
                raise
            problems.append((file, error))
    return bundles, problems


def load_authorities(
    paths: Sequence[str], base: Path, password: Callable[[], Secret | None], pasted: Mapping[str, Secret] = NONE
) -> Chain:
    """Read *paths* (files or folders) for CA certificates alone; the chain that ends in a root, if one does.

    Raises:
        WizardError: a file is missing or unreadable, a password is wrong, or there is no CA certificate.
    """
    bundles, _ = read_all(paths, base, password, pasted=pasted)
    chains = [chain for chain in assemble(bundles, now=now_utc()) if chain.authorities]
    if not chains:
        raise WizardError(codes.CHAIN_NO_AUTHORITY, subject=" ".join(paths), files=len(bundles))
    return next((chain for chain in chains if chain.root is not None), chains[0])


def _read(data: bytes, name: str, password: Callable[[], Secret | None], key_password: KeyPassword) -> Bundle:
    try:
        return read(data, name=name)
    except WizardError as error:
        secret = password() if error.spec == codes.READING_PASSWORD_NEEDED else None
        if secret is None:
            raise
    try:
        return read(data, name=name, password=secret)
    except WizardError as error:
        # A wrong password may be that of the key: the two can be given the wrong way round.
        sure = error.code in KEY_PASSWORD_DIFFERS
        other = key_password(sure) if sure or error.spec == codes.READING_PASSWORD_WRONG else None
        if other is None:
            raise
    return read(data, name=name, password=secret, key_password=other)


def _without_leaf(bundles: Sequence[Bundle], subject: str) -> WizardError:
    authorities = sum(len(bundle.certificates) for bundle in bundles)
    keys = sum(len(bundle.keys) for bundle in bundles)
    if authorities:
        return WizardError(codes.CHAIN_NO_CERTIFICATE, case="authorities", subject=subject, count=authorities)
    if keys:
        return WizardError(codes.CHAIN_NO_CERTIFICATE, case="keys", subject=subject, count=keys)
    texts = sum(bundle.format in {Format.TEXT, Format.EMPTY, Format.UNKNOWN} for bundle in bundles)
    return WizardError(codes.CHAIN_NO_CERTIFICATE, subject=subject, files=len(bundles), others=texts)

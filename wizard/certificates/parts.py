"""One structure out of a PEM block or a DER file: a certificate, a key, a message; each goes where it belongs."""

from wizard.certificates import pkcs7, reading_errors
from wizard.certificates.collecting import KEY_COUNT_LIMIT, Collector
from wizard.certificates.der import SEQUENCE, DerError, Node, parse
from wizard.certificates.kdf import Effort, TooManyRounds, Unsupported, phrases
from wizard.certificates.model import Bundle, Format
from wizard.certificates.pbe import WrongPassword, decrypt, understand
from wizard.certificates.shapes import Shape, shape
from wizard.secret import Secret


class Reader:
    """Takes structures one by one, and remembers the first key that stayed closed."""

    def __init__(self, collector: Collector, password: Secret | None, key_password: Secret | None = None) -> None:
        self.collector = collector
        self.password = password
        self.key_password = key_password
        self.effort = Effort()
        self.keys_met = 0
        self.closed: str | None = None
        """What the first closed key is called; None while every key opened."""

    def structure(self, node: Node, kind: Shape, where: str, alias: str = "") -> None:
        """Take *node*, which has the shape *kind* and lies at *where*.

        Raises:
            DerError: a PKCS7 message or an encrypted key is malformed inside.
        """
        collector = self.collector
        match kind:
            case Shape.CERTIFICATE:
                collector.certificate(node.encoded, where, alias, node.start)
            case Shape.REQUEST:
                collector.requests.append(node.encoded)
                collector.note("reading.request", f"There is a certificate request (CSR) at {where}.")
            case Shape.KEY:
                if self.one_more_key():
                    collector.key(node.encoded, f"the private key at {where}", alias)
            case Shape.ENCRYPTED_KEY:
                if self.one_more_key():
                    self.encrypted_key(node, where, alias)
            case Shape.PKCS7:
                self.message(node, where)
            case Shape.ENVELOPED:
                collector.unsupported("encryption for a recipient (enveloped PKCS7)", where)
            case Shape.REVOCATION_LIST:
                collector.note("reading.revocation-list", f"There is a revocation list at {where}; it is left alone.")
            case Shape.PUBLIC_KEY:
                collector.note("reading.public-key", f"There is a bare public key at {where}; it is left alone.")
            case _ if self._path(node, where):
                collector.note("reading.pkipath", "It is a PKIPATH, which keytool and OpenSSL do not read.")
            case _:
                collector.note("reading.unknown-structure", f"There is a structure of unknown kind at {where}.")

    def _path(self, node: Node, where: str) -> bool:
        """Take the certificates of a PKIPATH, which is a sequence of them; False when *node* is none."""
        try:
            links = list(node.expect(SEQUENCE))
        except DerError:
            return False
        if not links or any(shape(each) is not Shape.CERTIFICATE for each in links):
            return False
        for number, each in enumerate(links, 1):
            self.collector.certificate(each.encoded, f"{where}, number {number} in the path", "", each.start)
        return True

    def one_more_key(self) -> bool:
        """Count a key that is about to be looked at; False when the limit for one file is reached."""
        self.keys_met += 1
        if self.keys_met == KEY_COUNT_LIMIT + 1:
            self.collector.note("reading.many-keys", f"Only the first {KEY_COUNT_LIMIT} private keys were read.")
        return self.keys_met <= KEY_COUNT_LIMIT

    @property
    def keys_enough(self) -> bool:
        """Whether the limit was passed and told, so that further keys need no look."""
        return self.keys_met > KEY_COUNT_LIMIT

    def message(self, node: Node, where: str) -> None:
        """Take the certificates of a PKCS7 message."""
        found = pkcs7.certificates(node)
        for number, certificate in enumerate(found, 1):
            self.collector.certificate(
                certificate.encoded, f"{where}, number {number} in the message", "", certificate.start
            )
        if not found:
            self.collector.note("pkcs7.no-certificate", f"The PKCS7 message at {where} holds no certificate.")

    def encrypted_key(self, node: Node, where: str, alias: str = "") -> None:
        """Take an EncryptedPrivateKeyInfo (RFC 5958) with one of the passwords that are known."""
        name = self.collector.name
        algorithm, sealed = node.expect(SEQUENCE).fields(2)[:2]
        data = sealed.octet_string
        try:
            encryption = understand(algorithm)
            candidates = [
                phrase
                for secret in (self.password, self.key_password)
                if secret is not None
                for phrase in phrases(secret.reveal())
            ]
            Effort().spend(encryption.rounds)
            for phrase in candidates:
                try:
                    plain = decrypt(encryption, data, phrase, self.effort)
                    parse(plain, inner=True).expect(SEQUENCE)
                except (WrongPassword, DerError):
                    continue
                self.collector.key(plain, f"the private key at {where}", alias, encrypted=True)
                return
        except TooManyRounds as error:
            raise reading_errors.too_many_rounds(name, error.rounds) from error
        except Unsupported as error:
            self.collector.unsupported(str(error), where)
            return
        self.lock(where)

    def lock(self, where: str) -> None:
        """Note that the key at *where* stayed closed."""
        self.closed = self.closed or f"the private key at {where}"

    def finished(self, form: Format) -> Bundle:
        """Everything that was taken.

        Raises:
            ReadingError: a key stayed closed (its `partial` holds the rest), or or nothing was taken.
        """
        if self.closed is not None:
            partial = self.collector.bundle(form)
            make = reading_errors.password_needed if self.password is None else reading_errors.password_wrong
            raise make(self.collector.name, self.closed, partial)
        return self.collector.finished(form)

"""Files encrypted as `ansible-vault` does (format 1.1), so that Ansible opens them by itself.

Ansible's documentation describes the format: AES-256 in counter mode, keys by PBKDF2 of 10,000 rounds, HMAC-SHA256.
"""

import hmac
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from wizard.secret import Secret

_HEADER = "$ANSIBLE_VAULT;1.1;AES256"
_ROUNDS = 10_000
_LINE = 80


def encrypt(data: bytes, password: Secret) -> bytes:
    """*data* in a file that only *password* opens; each call gives other bytes."""
    salt = os.urandom(32)
    derived = PBKDF2HMAC(hashes.SHA256(), 80, salt, _ROUNDS).derive(password.reveal().encode())
    key, mac_key, counter = derived[:32], derived[32:64], derived[64:]
    padder = PKCS7(128).padder()
    sealer = Cipher(AES(key), CTR(counter)).encryptor()
    sealed = sealer.update(padder.update(data) + padder.finalize()) + sealer.finalize()
    mac = hmac.digest(mac_key, sealed, "sha256")
    text = f"{salt.hex()}\n{mac.hex()}\n{sealed.hex()}".encode().hex()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([_HEADER, *lines, ""]).encode()

"""Certificate files with something wrong, for looking at: what will the wizard say?"""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs7

from wizard.sandbox.deployment import PASSWORD
from wizard.sandbox.pki import CLIENT, Pki, new_key, pem, pfx

_OTHER = "s3cond-Password"


def write(folder: Path, made: Pki) -> dict[str, str]:
    """Write the exercises into *folder*; returns file name (below `certificates/`) to password."""
    primary = made.entities["primary-host"]
    leaf, root, intermediate = primary.certificate, made.root.certificate, made.intermediate.certificate
    good = pfx(primary, PASSWORD, name="primary-host")
    other_key = new_key()
    files = {
        "leaf-only.pfx": pfx(primary, PASSWORD, certificates=[]),
        "no-intermediate.pfx": pfx(primary, PASSWORD, certificates=[root]),
        "no-root.pfx": pfx(primary, PASSWORD, certificates=[intermediate]),
        "expired.pfx": pfx(made.reissued("primary-host", days=(-400, -3)), PASSWORD),
        "not-yet-valid.pfx": pfx(made.reissued("primary-host", days=(30, 400)), PASSWORD),
        "ends-soon.pfx": pfx(made.reissued("primary-host", days=(-360, 5)), PASSWORD),
        "wrong-host.pfx": pfx(made.reissued("primary-host", dns=["old-server.example.test"]), PASSWORD),
        "no-san.pfx": pfx(made.reissued("primary-host", dns=[]), PASSWORD),
        "client-only.pfx": pfx(made.reissued("primary-host", eku=[CLIENT]), PASSWORD),
        "other-password.pfx": pfx(primary, _OTHER),
        "old-encryption.pfx": pfx(primary, PASSWORD, legacy=True),
        "cut-off.pfx": good[: len(good) * 2 // 3],
        "empty.pfx": b"",
        "really-pem.pfx": pem(leaf, intermediate, root),
        "no-key.pem": pem(leaf, intermediate, root),
        "key-of-another.pem": pem(leaf, intermediate, root)
        + other_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode())),
        "reversed.pem": pem(root, intermediate, leaf),
        "no-certificate.cer": b"Dear colleague, the certificate is attached.\r\n",
        "utf-16.pem": pem(leaf).decode().encode("utf-16"),
        "leaf.der": leaf.public_bytes(Encoding.DER),
        "chain.p7b": pkcs7.serialize_certificates([leaf, intermediate, root], Encoding.PEM),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    special = {"exercises/other-password.pfx": _OTHER}
    return {
        f"exercises/{name}": PASSWORD for name in files if name.endswith(".pfx") and name != "other-password.pfx"
    } | special

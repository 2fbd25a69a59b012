"""Whether a certificate's signature was made with another's key. It does not check algorithms: rules do."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from wizard.certificates import fields
from wizard.certificates.model import Certificate


@lru_cache(maxsize=1024)
def signed_by(certificate: Certificate, issuer: Certificate) -> bool | None:
    """True or False by the signature alone (names are not compared); None when the algorithm is not known here.

    `x509.Certificate.verify_directly_issued_by` refuses MD5 and SHA-1, which old private PKIs still use and Java
    accepts; therefore the signature is checked with the key itself. Answers are kept for a while, because many chains
    share their upper certificates.
    """
    parsed = certificate.x509
    key = fields.public_key(issuer)
    try:
        how = parsed.signature_algorithm_parameters
        if isinstance(key, rsa.RSAPublicKey):
            # The library names no padding for MD5, which is only ever used with PKCS #1 v1.5.
            scheme = padding.PKCS1v15() if how is None else how
            if not isinstance(scheme, padding.PKCS1v15 | padding.PSS):
                return False
            algorithm = parsed.signature_hash_algorithm
            if algorithm is None:
                return None
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, scheme, algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if not isinstance(how, ec.ECDSA):
                return False
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, how)
        elif isinstance(key, dsa.DSAPublicKey):
            algorithm = parsed.signature_hash_algorithm
            if algorithm is None:
                return False
            key.verify(parsed.signature, parsed.tbs_certificate_bytes, algorithm)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(parsed.signature, parsed.tbs_certificate_bytes)
        else:
            return None
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None
    return True

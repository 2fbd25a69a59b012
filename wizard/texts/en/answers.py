"""What each key of the answers file means, by table and key."""

from collections.abc import Mapping

KEYS: Mapping[str, Mapping[str, str]] = {
    "": {
        "goal": "What to do.",
        "packs": "Folder for the bundles, new or empty.",
        "change": "The change to undo, with goal undo.",
        "maintenance": "What to change in the stores, with goal maintain-stores.",
        "phase": "The phase of a change of the root CA; auto is the next one.",
    },
    "primary": {
        "kind": "Where the primary server runs. With elsewhere, this machine is a gateway.",
        "cloud-support": "Whether the vendor confirmed that the cloud supports your own CA certificates.",
        "cloud-authorities": "Files with the CA certificates of the cloud's address.",
        "host": "Host name that gateways and clients connect to. It must be in the certificate.",
        "port": "Port of the internal TLS connection.",
        "nodes": "Where this server is verified. Name every node of a cluster.",
        "chain": "Files or folders with the certificate, its key and its CA certificates.",
        "password": "Opens these files.",
        "key-password": "Opens the private key, if that has another password.",
        "keystore-path": "Where the key store is written. Empty: next to application.conf.",
        "keystore-password": "Password of the new key store.",
        "alias": "Alias of the entry in the key store. Empty: the name in the certificate.",
        "import-root": "Whether the root is added to cacerts. With auto, if it is missing.",
        "cacerts-password": "Password of cacerts.",
    },
    "gateway": {
        "host": "Host name of the gateway. It must be in the certificate.",
        "chain": "Files or folders with the certificate, its key and its CA certificates.",
        "password": "Opens these files.",
        "key-password": "Opens the private key, if that has another password.",
        "keystore-path": "Full path of the key store on the gateway.",
        "truststore-path": "Full path of the trust store on the gateway.",
        "keystore-password": "Password of the new key store.",
        "truststore-password": "Password of the new trust store.",
        "unattended-file": "File that the unattended installation reads; four settings are changed in it.",
        "unattended-repair": "Whether damage in that file is repaired.",
        "unattended-restrict": "Whether the read permission of others is removed from that file.",
        "java": "Version of the gateway's Java, such as 17.0.9. Empty: not known.",
    },
    "client": {
        "host": "Host name of the client.",
        "chain": "Files or folders with the certificate, its key and its CA certificates.",
        "password": "Opens these files.",
        "key-password": "Opens the private key, if that has another password.",
        "local-storage": "Whether it prints from local storage. If not, it needs no certificate.",
        "certificate-subject": "Text in the subject by which the client finds its certificate, or auto.",
        "windows": "Version of its Windows, such as 11 or Server 2016. Empty: not known.",
    },
    "account": {
        "ocsp": "The portal's OCSP setting: unchanged, off, on, or the address of a responder.",
        "ocsp-probe": "Whether the responders may be asked from this machine.",
        "public-roots": "Fingerprints (SHA-256) of roots that are public.",
        "private-roots": "Fingerprints (SHA-256) of roots that are your own, although cacerts has them.",
    },
}

TABLES: Mapping[str, str] = {
    "": "At the top",
    "primary": "[primary]: the primary server",
    "gateway": "[[gateway]]: one for each gateway",
    "client": "[[client]]: one for each Windows client",
    "account": "[account]: the account in the portal",
}
"""The headings of the tables."""

PASSWORDS = """\
A password is never written into the file. It says where it comes from:

    password = { file = "secrets/primary" }    # first line of a file
    password = { env = "PFX_PASSWORD" }
    password = { fd = 3 }                      # an open file descriptor
    password = { prompt = true }               # asked for, or --secret
    keystore-password = { generate = true }    # a new one
    keystore-password = { keep = true }        # the installed one
    cacerts-password = { value-is-default = true }
"""

"""Facts for each finding of the doctor: what fires it, and what a symptom points to."""

from dataclasses import replace
from string import Formatter
from typing import Any

from tests.support.doctor_facts import CACERTS, CONF, FALLBACK, LEAF, MIDDLE, OTHER, PROBE, STARTED, STORE, but, file
from wizard import codes
from wizard.doctor.facts import ChangedFile, Damage, DoctorFacts, ExpectedSettings, Judged, Listener, Place, Refused

CHANGE, AT = "0001-20261124T100000Z", "2026-11-24T10:00:00Z"
FALLS_BACK = (replace(PROBE, chain=(FALLBACK,), fallback=True, name_matches=False),)
SILENT = (replace(PROBE, reachable=False, chain=(), error="probe.refused", detail="nothing listens there"),)


def refused(code: str) -> Refused:
    return Refused(code, f"It is refused: {code}.")


def unopened(code: str, **more: Any) -> dict[str, Any]:
    parts = {"error": refused(code), "chain": (), "keys": 0, "key_matches": None, **more}
    return {f"store__{name}": value for name, value in parts.items()} | {"probes": FALLS_BACK}


def judgement(code: str) -> Judged:
    """A finding of the certificate rules with every fact that its texts ask for."""
    text = codes.ALL[code].text
    names = {name for template in (text.message, text.fix) for _, name, _, _ in Formatter().parse(template) if name}
    return Judged(code, dict.fromkeys(names, "primary-host"), "1" * 64)


CASES: dict[str, tuple[DoctorFacts, str | None]] = {
    # code: the facts, and the finding that is its cause (None: it is a root cause, or a note)
    "product-missing": (
        but(
            conf__file=file(CONF, kind="absent"),
            java__present="absent",
            java__proof=None,
            cacerts__file=file(CACERTS, kind="absent"),
            unit__load="not-found",
            store=None,
            change=None,
            probes=SILENT,
        ),
        None,
    ),
    "conf-missing": (but(conf__file=file(CONF, kind="absent"), store=None), None),
    "conf-unreadable": (
        but(conf__file=file(CONF, service_reads=False, blocked_at="/opt/hcp/conf", blocked_why="hcp may not enter")),
        None,
    ),
    "conf-utf16": (but(conf__error=refused("hocon.utf-16"), store=None, probes=SILENT), None),
    "conf-syntax": (but(conf__error=refused("hocon.escape"), store=None, probes=SILENT), None),
    "include-broken": (
        but(conf__includes=(Damage("", "local.conf: line 1, column 8: a key has no value.", 3),)),
        None,
    ),
    "conf-damaged": (but(conf__damage=(Damage("config.nul", "3 NUL bytes.", 9, repairable=True),)), None),
    "conf-odd": (but(conf__damage=(Damage("config.mixed-line-ends", "Mixed.", 3, repairable=True),)), None),
    "conf-world-readable": (but(conf__file__mode=0o644), None),
    "not-set-up": (but(conf__store_file__empty=True, store=None, change=None, probes=FALLS_BACK), None),
    "setting-missing": (but(conf__password=None, store=None, probes=FALLS_BACK), None),
    "setting-commented": (
        but(
            conf__store_file=None,
            conf__commented=(Place(20, "hcp.tls.default-keystore-file", STORE, works=True),),
            store=None,
            probes=FALLS_BACK,
        ),
        None,
    ),
    "setting-elsewhere": (
        but(conf__store_file__elsewhere=(Place(60, "default-keystore-file", ""),), probes=FALLS_BACK),
        None,
    ),
    "setting-masked": (
        but(
            conf__password__shadowed=(Place(12, "hcp.tls.default-keystore-password", works=True),),
            **unopened("reading.password-wrong"),
        ),
        None,
    ),
    "setting-twice": (but(conf__store_file__shadowed=(Place(12, "x.default-keystore-file", "/old.pfx"),)), None),
    "typographic-quotes": (
        but(conf__password__flaws=("not-ascii", "typographic"), **unopened("reading.password-wrong")),
        None,
    ),
    "conf-not-utf8": (
        but(conf__password__flaws=("not-ascii", "replacement"), **unopened("reading.password-wrong")),
        None,
    ),
    "value-cut": (but(conf__password__flaws=("cut",), **unopened("reading.password-wrong")), None),
    "setting-undecidable": (
        but(conf__store_file__decidable=False, conf__store_file__reason="line 4: $X is not known"),
        None,
    ),
    "store-missing": (but(store__file=file(STORE, kind="absent"), **unopened("")), None),
    "settings-lost": (
        but(
            conf__store_file__empty=True,
            conf__store_file__text="",
            store=None,
            change__settings=ExpectedSettings(CHANGE, AT, STORE, file_lost=True, password_lost=True, kept=True),
            probes=FALLS_BACK,
        ),
        None,
    ),
    "store-lost": (
        but(
            store__file=file(STORE, kind="absent"),
            change__settings=ExpectedSettings(CHANGE, AT, STORE, store_lost=STORE, kept=True),
            **unopened(""),
        ),
        None,
    ),
    "store-is-folder": (but(store__file=file(STORE, kind="folder"), **unopened("")), None),
    "store-unreadable": (
        but(store__file__service_reads=False, store__file__blocked_why="(-rw------- 0:0)", probes=FALLS_BACK),
        None,
    ),
    "store-empty": (but(store__format="empty", **unopened("")), None),
    "store-not-pkcs12": (but(store__format="pem", **unopened("")), None),
    "store-damaged": (but(**unopened("reading.damaged")), None),
    "store-world-readable": (but(store__file__mode=0o644), None),
    "password-wrong": (but(**unopened("reading.password-wrong")), None),
    "password-not-ascii": (but(conf__password__flaws=("not-ascii",), probes=FALLS_BACK), None),
    "key-password": (but(**unopened("pkcs12.key-password-differs")), None),
    "store-too-new": (
        but(java__reads_modern=False, java__version="11.0.5", java__proof=False, probes=FALLS_BACK),
        None,
    ),
    "store-no-key": (but(store__keys=0, store__key_matches=None, probes=FALLS_BACK), None),
    "store-key-mismatch": (but(store__key_matches=False, probes=FALLS_BACK), None),
    "store-two-keys": (but(store__keys=2, probes=FALLS_BACK), None),
    "java-refuses-store": (but(java__proof=False, java__proof_text="keytool says no", probes=FALLS_BACK), None),
    "store-named-otherwise": (
        but(name_from="leaf", store__file=file("/opt/hcp/conf/print-server.pfx")),
        None,
    ),
    "jre-missing": (but(java__present="absent", java__proof=None), None),
    "keytool-missing": (but(java__present="no-keytool", java__proof=None), None),
    "jre-bare": (but(java__present="bare", java__proof=None), None),
    "cacerts-missing": (but(cacerts__file=file(CACERTS, kind="absent")), None),
    "cacerts-unreadable": (but(cacerts__file__service_reads=False, cacerts__file__blocked_why="mode"), None),
    "cacerts-damaged": (but(cacerts__error=refused("reading.damaged"), cacerts__has_root=None), None),
    "cacerts-password": (but(cacerts__error=refused("reading.password-wrong"), cacerts__has_root=None), None),
    "cacerts-empty": (but(cacerts__entries=0, cacerts__has_root=False, change=None), None),
    "root-not-trusted": (but(cacerts__has_root=False, cacerts__namesake=True, change=None), None),
    "root-not-known": (
        but(
            store__chain=(LEAF, MIDDLE),
            store__complete=False,
            store__missing_issuer="CN=Acme-CA-Root",
            cacerts__has_root=False,
            change=None,
        ),
        None,
    ),
    "cacerts-not-used": (but(unit__trust_store="/etc/pki/java/cacerts"), None),
    "unit-missing": (but(unit__load="not-found", unit__active="inactive", probes=SILENT), None),
    "unit-broken": (but(unit__load="bad-setting", unit__active="inactive", probes=SILENT), None),
    "unit-masked": (but(unit__load="masked", unit__active="inactive", probes=SILENT), None),
    "account-missing": (but(unit__user_known=False, unit__active="failed", unit__sub="failed", probes=SILENT), None),
    "crash-loop": (but(unit__active="activating", unit__sub="auto-restart", unit__restarts=9, probes=SILENT), None),
    "service-failed": (
        but(unit__active="failed", unit__sub="failed", unit__result="exit-code", probes=SILENT),
        None,
    ),
    "service-stopped": (but(unit__active="inactive", unit__sub="dead", probes=SILENT), None),
    "service-starting": (but(unit__started=STARTED + 1590, probes=SILENT), None),
    "unit-changed": (but(unit__needs_reload=True), None),
    "not-restarted": (but(store__file__mtime=STARTED + 60, probes=FALLS_BACK), None),
    "port-taken": (
        but(
            listening__listeners=(Listener("0.0.0.0", 99, "nc", is_service=False),),
            unit__active="failed",
            unit__sub="failed",
            probes=(replace(PROBE, chain=(), error="probe.not-tls", detail="220"),),
        ),
        None,
    ),
    "nothing-listens": (but(probes=SILENT), None),
    "not-tls": (but(probes=(replace(PROBE, chain=(), error="probe.http", detail="HTTP"),)), None),
    "tls12-off": (but(versions=("1.3",)), None),
    "tls-old": (but(probes=(replace(PROBE, lowered=True, protocol="TLSv1"),)), None),
    "client-auth-off": (but(probes=(replace(PROBE, client_auth="none"),)), None),
    "alert-normal": (but(probes=(replace(PROBE, alert="bad_certificate"),)), None),
    "fallback-served": (but(probes=FALLS_BACK), None),
    "built-in-installed": (but(store__chain=(FALLBACK,), store__complete=True, probes=FALLS_BACK), None),
    "other-certificate-served": (but(probes=(replace(PROBE, chain=(OTHER, MIDDLE)),)), None),
    "served-incomplete": (but(probes=(replace(PROBE, chain=(LEAF,)),)), None),
    "served-for-another-name": (but(probes=(replace(PROBE, name_matches=False),)), None),
    "name-needed": (but(without_name=replace(PROBE, servername=None, chain=(FALLBACK,), fallback=True)), None),
    "ca-not-accepted": (but(probes=(replace(PROBE, acceptable_cas=("CN=Acme-CA-Root",)),)), None),
    "clock-wrong": (but(clock__now="2019-01-01T00:00:00+00:00"), None),
    "clock-not-synchronised": (but(clock__synchronised=False), None),
    "change-interrupted": (but(change__interrupted="0002-20261124T110000Z"), None),
    "changed-since": (but(change__files=(ChangedFile(CONF, "a" * 64, "b" * 64, 0o640, 0o640),)), None),
    "cacerts-replaced": (
        but(
            change__files=(ChangedFile(CACERTS, "a" * 64, "b" * 64, 0, 0, "cloudstream-acme", "3" * 64, False),),
            cacerts__has_root=False,
        ),
        None,
    ),
}

SYMPTOMS: dict[str, tuple[DoctorFacts, str]] = {
    "password-wrong": (CASES["typographic-quotes"][0], "doctor.typographic-quotes"),
    "store-missing": (
        but(
            store__file=file("/old.pfx", kind="absent"),
            conf__store_file__shadowed=(Place(12, "x", STORE, works=True),),
            **unopened(""),
        ),
        "doctor.setting-masked",
    ),
    "java-refuses-store": (CASES["store-too-new"][0], "doctor.store-too-new"),
    "fallback-served": (CASES["not-restarted"][0], "doctor.not-restarted"),
    "nothing-listens": (CASES["unit-masked"][0], "doctor.unit-masked"),
    "service-failed": (
        but(
            conf__error=refused("hocon.escape"),
            store=None,
            unit__active="failed",
            unit__sub="failed",
            probes=SILENT,
        ),
        "doctor.conf-syntax",
    ),
    "root-not-trusted": (CASES["cacerts-replaced"][0], "doctor.cacerts-replaced"),
    "not-tls": (CASES["port-taken"][0], "doctor.port-taken"),
}

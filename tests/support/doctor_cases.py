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
    "doctor.product-missing": (
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
    "doctor.conf-missing": (but(conf__file=file(CONF, kind="absent"), store=None), None),
    "doctor.conf-not-used": (
        but(conf__other="-Dconfig.file=/etc/other.conf", conf__other_at="line 3 of /etc/hcp.env", probes=FALLS_BACK),
        None,
    ),
    "doctor.setting-overruled": (
        but(
            conf__store_file__overruled_by="-Dhcp.tls.default-keystore-file",
            conf__store_file__overruled_at="the command line of process 4711",
            store__file=file("/old.pfx", kind="absent"),
            **unopened(""),
        ),
        None,
    ),
    "doctor.start-undetermined": (
        but(unit__start_unknown="ExecStart runs /opt/hcp/bin/start.sh, which is a script"),
        None,
    ),
    "doctor.conf-unreadable": (
        but(conf__file=file(CONF, service_reads=False, blocked_at="/opt/hcp/conf", blocked_why="hcp cannot enter")),
        None,
    ),
    "doctor.conf-utf16": (but(conf__error=refused("hocon.utf-16"), store=None, probes=SILENT), None),
    "doctor.conf-syntax": (but(conf__error=refused("hocon.escape"), store=None, probes=SILENT), None),
    "doctor.include-broken": (
        but(conf__includes=(Damage("", "local.conf: line 1, column 8: a key has no value.", 3),)),
        None,
    ),
    "doctor.conf-damaged": (but(conf__damage=(Damage("config.nul", "3 NUL bytes.", 9, repairable=True),)), None),
    "doctor.conf-odd": (but(conf__damage=(Damage("config.mixed-line-ends", "Mixed.", 3, repairable=True),)), None),
    "doctor.conf-world-readable": (but(conf__file__mode=0o644), None),
    "doctor.not-set-up": (but(conf__store_file__empty=True, store=None, change=None, probes=FALLS_BACK), None),
    "doctor.setting-missing": (but(conf__password=None, store=None, probes=FALLS_BACK), None),
    "doctor.setting-commented": (
        but(
            conf__store_file=None,
            conf__commented=(Place(20, "hcp.tls.default-keystore-file", STORE, works=True),),
            store=None,
            probes=FALLS_BACK,
        ),
        None,
    ),
    "doctor.setting-elsewhere": (
        but(conf__store_file__elsewhere=(Place(60, "default-keystore-file", ""),), probes=FALLS_BACK),
        None,
    ),
    "doctor.setting-masked": (
        but(
            conf__password__shadowed=(Place(12, "hcp.tls.default-keystore-password", works=True),),
            **unopened("reading.password-wrong"),
        ),
        None,
    ),
    "doctor.setting-twice": (but(conf__store_file__shadowed=(Place(12, "x.default-keystore-file", "/old.pfx"),)), None),
    "doctor.typographic-quotes": (
        but(conf__password__flaws=("not-ascii", "typographic"), **unopened("reading.password-wrong")),
        None,
    ),
    "doctor.conf-not-utf8": (
        but(conf__password__flaws=("not-ascii", "replacement"), **unopened("reading.password-wrong")),
        None,
    ),
    "doctor.value-cut": (but(conf__password__flaws=("cut",), **unopened("reading.password-wrong")), None),
    "doctor.setting-undecidable": (
        but(conf__store_file__decidable=False, conf__store_file__reason="line 4: $X is not known"),
        None,
    ),
    "doctor.store-missing": (but(store__file=file(STORE, kind="absent"), **unopened("")), None),
    "doctor.settings-lost": (
        but(
            conf__store_file__empty=True,
            conf__store_file__text="",
            store=None,
            change__settings=ExpectedSettings(CHANGE, AT, STORE, file_lost=True, password_lost=True, kept=True),
            probes=FALLS_BACK,
        ),
        None,
    ),
    "doctor.store-lost": (
        but(
            store__file=file(STORE, kind="absent"),
            change__settings=ExpectedSettings(CHANGE, AT, STORE, store_lost=STORE, kept=True),
            **unopened(""),
        ),
        None,
    ),
    "doctor.store-is-folder": (but(store__file=file(STORE, kind="folder"), **unopened("")), None),
    "doctor.store-unreadable": (
        but(store__file__service_reads=False, store__file__blocked_why="(-rw------- 0:0)", probes=FALLS_BACK),
        None,
    ),
    "doctor.store-empty": (but(store__format="empty", **unopened("")), None),
    "doctor.store-not-pkcs12": (but(store__format="pem", **unopened("")), None),
    "doctor.store-damaged": (but(**unopened("reading.damaged")), None),
    "doctor.store-world-readable": (but(store__file__mode=0o644), None),
    "doctor.password-wrong": (but(**unopened("reading.password-wrong")), None),
    "doctor.password-not-ascii": (but(conf__password__flaws=("not-ascii",), probes=FALLS_BACK), None),
    "doctor.key-password": (but(**unopened("pkcs12.key-password-differs")), None),
    "doctor.store-too-new": (
        but(java__reads_modern=False, java__version="11.0.5", java__proof=False, probes=FALLS_BACK),
        None,
    ),
    "doctor.store-no-key": (but(store__keys=0, store__key_matches=None, probes=FALLS_BACK), None),
    "doctor.store-key-mismatch": (but(store__key_matches=False, probes=FALLS_BACK), None),
    "doctor.store-two-keys": (but(store__keys=2, probes=FALLS_BACK), None),
    "doctor.java-refuses-store": (but(java__proof=False, java__proof_text="keytool says no", probes=FALLS_BACK), None),
    "doctor.store-named-otherwise": (
        but(name_from="leaf", store__file=file("/opt/hcp/conf/print-server.pfx")),
        None,
    ),
    "doctor.for-another-host": (but(name_from="leaf", own_names=("print-7",), is_here=False), None),
    "doctor.jre-missing": (but(java__present="absent", java__proof=None), None),
    "doctor.keytool-missing": (but(java__present="no-keytool", java__proof=None), None),
    "doctor.jre-bare": (but(java__present="bare", java__proof=None), None),
    "doctor.cacerts-missing": (but(cacerts__file=file(CACERTS, kind="absent")), None),
    "doctor.cacerts-unreadable": (but(cacerts__file__service_reads=False, cacerts__file__blocked_why="mode"), None),
    "doctor.cacerts-damaged": (but(cacerts__error=refused("reading.damaged"), cacerts__has_root=None), None),
    "doctor.cacerts-password": (but(cacerts__error=refused("reading.password-wrong"), cacerts__has_root=None), None),
    "doctor.cacerts-empty": (but(cacerts__entries=0, cacerts__has_root=False, change=None), None),
    "doctor.root-not-trusted": (but(cacerts__has_root=False, cacerts__namesake=True, change=None), None),
    "doctor.root-not-known": (
        but(
            store__chain=(LEAF, MIDDLE),
            store__complete=False,
            store__missing_issuer="CN=Acme-CA-Root",
            cacerts__has_root=False,
            change=None,
        ),
        None,
    ),
    "doctor.cacerts-not-used": (but(unit__trust_store="/etc/pki/java/cacerts"), None),
    "doctor.unit-missing": (but(unit__load="not-found", unit__active="inactive", probes=SILENT), None),
    "doctor.unit-broken": (but(unit__load="bad-setting", unit__active="inactive", probes=SILENT), None),
    "doctor.unit-masked": (but(unit__load="masked", unit__active="inactive", probes=SILENT), None),
    "doctor.account-missing": (
        but(unit__user_known=False, unit__active="failed", unit__sub="failed", probes=SILENT),
        None,
    ),
    "doctor.crash-loop": (
        but(unit__active="activating", unit__sub="auto-restart", unit__restarts=9, probes=SILENT),
        None,
    ),
    "doctor.service-failed": (
        but(unit__active="failed", unit__sub="failed", unit__result="exit-code", probes=SILENT),
        None,
    ),
    "doctor.service-stopped": (but(unit__active="inactive", unit__sub="dead", probes=SILENT), None),
    "doctor.service-starting": (but(unit__started=STARTED + 1590, probes=SILENT), None),
    "doctor.unit-changed": (but(unit__needs_reload=True), None),
    "doctor.not-restarted": (but(store__file__mtime=STARTED + 60, probes=FALLS_BACK), None),
    "doctor.port-taken": (
        but(
            listening__listeners=(Listener("0.0.0.0", 99, "nc", is_service=False),),
            unit__active="failed",
            unit__sub="failed",
            probes=(replace(PROBE, chain=(), error="probe.not-tls", detail="220"),),
        ),
        None,
    ),
    "doctor.nothing-listens": (but(probes=SILENT), None),
    "doctor.not-tls": (but(probes=(replace(PROBE, chain=(), error="probe.http", detail="HTTP"),)), None),
    "doctor.tls12-off": (but(versions=("1.3",)), None),
    "doctor.tls-old": (but(probes=(replace(PROBE, lowered=True, protocol="TLSv1"),)), None),
    "doctor.client-auth-off": (but(probes=(replace(PROBE, client_auth="none"),)), None),
    "doctor.alert-normal": (but(probes=(replace(PROBE, alert="bad_certificate"),)), None),
    "doctor.fallback-served": (but(probes=FALLS_BACK), None),
    "doctor.built-in-installed": (but(store__chain=(FALLBACK,), store__complete=True, probes=FALLS_BACK), None),
    "doctor.other-certificate-served": (but(probes=(replace(PROBE, chain=(OTHER, MIDDLE)),)), None),
    "doctor.served-incomplete": (but(probes=(replace(PROBE, chain=(LEAF,)),)), None),
    "doctor.served-for-another-name": (but(probes=(replace(PROBE, name_matches=False),)), None),
    "doctor.name-needed": (but(without_name=replace(PROBE, servername=None, chain=(FALLBACK,), fallback=True)), None),
    "doctor.ca-not-accepted": (but(probes=(replace(PROBE, acceptable_cas=("CN=Acme-CA-Root",)),)), None),
    "doctor.clock-wrong": (but(clock__now="2019-01-01T00:00:00+00:00"), None),
    "doctor.clock-not-synchronised": (but(clock__synchronised=False), None),
    "doctor.change-interrupted": (but(change__interrupted="0002-20261124T110000Z"), None),
    "doctor.changed-since": (but(change__files=(ChangedFile(CONF, "a" * 64, "b" * 64, 0o640, 0o640),)), None),
    "doctor.cacerts-replaced": (
        but(
            change__files=(ChangedFile(CACERTS, "a" * 64, "b" * 64, 0, 0, "cloudstream-acme", "3" * 64, False),),
            cacerts__has_root=False,
        ),
        None,
    ),
    "doctor.record-damaged": (but(change__damaged=("The record of change 0001 cannot be used.",)), None),
    "doctor.record-ignored": (but(change__ignored=("/var/lib/cloudstream-tls/changes/0002",)), None),
}

SYMPTOMS: dict[str, tuple[DoctorFacts, str]] = {
    "doctor.password-wrong": (CASES["doctor.typographic-quotes"][0], "doctor.typographic-quotes"),
    "doctor.store-missing": (
        but(
            store__file=file("/old.pfx", kind="absent"),
            conf__store_file__shadowed=(Place(12, "x", STORE, works=True),),
            **unopened(""),
        ),
        "doctor.setting-masked",
    ),
    "doctor.java-refuses-store": (CASES["doctor.store-too-new"][0], "doctor.store-too-new"),
    "doctor.fallback-served": (CASES["doctor.not-restarted"][0], "doctor.not-restarted"),
    "doctor.nothing-listens": (CASES["doctor.unit-masked"][0], "doctor.unit-masked"),
    "doctor.service-failed": (
        but(
            conf__error=refused("hocon.escape"),
            store=None,
            unit__active="failed",
            unit__sub="failed",
            probes=SILENT,
        ),
        "doctor.conf-syntax",
    ),
    "doctor.root-not-trusted": (CASES["doctor.cacerts-replaced"][0], "doctor.cacerts-replaced"),
    "doctor.not-tls": (CASES["doctor.port-taken"][0], "doctor.port-taken"),
}

"""What was found on this machine, in the words of the first screen."""

from wizard.host.facts import Facts
from wizard.host.files import Kind
from wizard.printable import printable
from wizard.reports.lines import Line, Tone


def facts_lines(facts: Facts, *, built_in: bool = False) -> list[Line]:
    """One line a matter: the product, its settings, its service, its Java, the rights of this run.

    Args:
        facts: what was found.
        built_in: the server presents the product's built-in certificate.
    """
    result = [Line("What was found on this machine:", Tone.HEADING)]
    if not facts.installed:
        result.append(_bad("Product", "not found here; if its home is elsewhere, use --hcp-home"))
    result.append(_settings(facts))
    result.append(_service(facts))
    if built_in:
        result.append(_warn("Certificate", "the built-in one (localhost) is presented; no gateway accepts it"))
    result.append(_java(facts))
    if not facts.installed:
        result.append(Line("This is normal before a gateway is installed.", Tone.FAINT))
    if not facts.root_rights:
        result.append(_warn("Rights", "you can look; to change anything, start it with sudo"))
    if not facts.clock_ok:
        result.append(_warn("Clock", f"it shows {facts.at:%Y-%m-%d %H:%M} UTC, which cannot be right"))
    return result


def _settings(facts: Facts) -> Line:
    if facts.conf.kind is Kind.ABSENT:
        return _bad("Settings", "application.conf is missing")
    if not facts.conf_text_readable:
        return _warn("Settings", "application.conf cannot be read by this account")
    who = printable(facts.account.name) if facts.account else "the service"
    if facts.conf_for_service.ok is False:
        return _warn("Settings", f"{who} cannot read application.conf")
    return _good("Settings", "application.conf, readable")


def _service(facts: Facts) -> Line:
    unit = facts.unit
    if unit is None:
        return _warn("Service", printable(facts.reasons.get("unit", "unknown")))
    if unit.load != "loaded":
        return _bad("Service", f"hcp-server is {printable(unit.load)}")
    ports = ", ".join(str(listener.port) for listener in facts.ports)
    account = printable(facts.account.name) if facts.account else "an unknown account"
    text = f"hcp-server is {printable(unit.active)}, as {account}" + (f", port {ports}" if ports else "")
    return _good("Service", text) if unit.running else _warn("Service", text)


def _java(facts: Facts) -> Line:
    if facts.jre is None:
        return _warn("Java", "the product's Java is missing, so it cannot test the key store")
    version = printable(facts.jre.version) or "of unknown version"
    if facts.jre.keytool is None:
        return _warn("Java", f"{version}, without keytool")
    return _good("Java", f"{version}, with keytool; cacerts is {facts.cacerts_kind.upper() or 'unknown'}")


def _good(name: str, text: str) -> Line:
    return Line(f"  ok       {name}: {text}", Tone.GOOD)


def _warn(name: str, text: str) -> Line:
    return Line(f"  Warning  {name}: {text}", Tone.WARN)


def _bad(name: str, text: str) -> Line:
    return Line(f"  Error    {name}: {text}", Tone.BAD)

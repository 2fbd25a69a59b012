"""Roll-out over many machines: a playbook for Ansible with what each machine needs.

Ansible carries files and starts the wizard; on a primary nothing but `cloudstream-wizard apply` changes anything.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from wizard import codes
from wizard.certificates.model import Chain
from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.handoff.build import make_packs
from wizard.handoff.bundle import Pack, PackFile, from_template
from wizard.handoff.cluster import node_files
from wizard.handoff.requirements import is_loopback
from wizard.handoff.vault import encrypt
from wizard.planning import phases
from wizard.planning.inputs import PlanInputs
from wizard.printable import endpoint, printable
from wizard.questions.answers import GatewayAnswers, Phase, PrimaryKind
from wizard.secret import Secret

VAULT_SECRET = "vault-password"  # noqa: S105 - the name of a secret
ROLE = "roles/cloudstream_tls"
TEMPLATES = (
    "site.yml",
    "undo.yml",
    *(f"{ROLE}/{name}/main.yml" for name in ("defaults", "meta", "tasks")),
    *(
        f"{ROLE}/tasks/{name}.yml"
        for name in ("before", "change", "gateway", "primary", "report", "save", "undo", "verify")
    ),
)
"""The playbooks and the role, which are the same for every roll-out."""

STORES = {"HCP_DEFAULT_KEYSTORE": "0600", "HCP_DEFAULT_TRUSTSTORE": "0644"}
"""The settings that name a store, and the store's mode: a trust store holds nothing secret."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The folder for Ansible.

    Attributes:
        primaries: hosts in the order of their change.
        gateways: hosts.
        files: of the whole folder.
        handed_out: the packs of the gateways, by the folder that has their files.
    """

    primaries: tuple[str, ...]
    gateways: tuple[str, ...]
    files: tuple[PackFile, ...]
    handed_out: tuple[Pack, ...] = ()


def make_fleet(inputs: PlanInputs, vault_password: Secret | None, *, plain: bool = False) -> Fleet:
    """Playbooks, role, inventory and the files of every machine.

    Args:
        inputs: with the answers and the chains.
        vault_password: what holds a key or a password is encrypted with it, as `ansible-vault` does.
        plain: leave these files as they are when there is no password.

    Raises:
        WizardError: `export.nothing`, `export.no-vault-password`; a chain is not fit for its role, or a password not
            for its readers.
    """
    if vault_password is None and not plain:
        raise WizardError(codes.EXPORT_NO_VAULT_PASSWORD, name=VAULT_SECRET)
    found = phases.course(inputs)
    phase = found.phase if found is not None else Phase.AUTO
    packs = make_packs(inputs, nodes=False, verify=True)
    named = {one.host: one for one in inputs.answers.gateway}
    gateways = [pack for pack in packs if pack.folder in named]
    nodes = _nodes(inputs) if inputs.answers.primary.kind is PrimaryKind.ON_PREMISE else {}
    if not nodes and not gateways:
        raise WizardError(codes.EXPORT_NOTHING)
    files = [file for pack in gateways for file in _gateway(pack, phase)]
    files += [_machine(pack.folder, named[pack.folder]) for pack in gateways]
    if nodes:
        files += _primaries(inputs, nodes, phase)
    names = tuple(pack.folder for pack in gateways)
    files += [
        PackFile("inventory.ini", _inventory(nodes, names)),
        *(PackFile(name, from_template(f"ansible/{name}", {}).encode()) for name in TEMPLATES),
    ]
    secret = [file.name for file in files if file.secret]
    if vault_password is not None:
        files = [replace(file, data=encrypt(file.data, vault_password)) if file.secret else file for file in files]
    readme = PackFile("README.md", _readme(nodes, names, secret, encrypted=vault_password is not None))
    given = (replace(pack, folder=f"files/{pack.folder}", machine=pack.folder) for pack in gateways)
    return Fleet(tuple(nodes), names, (readme, *files), tuple(given))


def _nodes(inputs: PlanInputs) -> dict[str, str]:
    """Inventory name to the address that the node itself probes; a loopback node is the primary's own host."""
    primary = inputs.answers.primary
    own = primary.host or inputs.judged("primary").suggested_host
    return {own if is_loopback(node) else node: node for node in primary.nodes}


def _gateway(pack: Pack, phase: Phase) -> list[PackFile]:
    """The stores and the check of one gateway, and its variables with the settings."""
    data = {file.name: file for file in pack.files}
    # In a change to a public root, a gateway gets neither a store nor settings.
    lines = envfile.parse(data["unattended-lines.conf"].data if "unattended-lines.conf" in data else b"")
    settings = {name: value.text for name in lines.names if (value := lines.get(name)) is not None}
    stores = [
        {"file": settings[name].rsplit("/", 1)[-1], "path": settings[name], "mode": mode}
        for name, mode in STORES.items()
        if name in settings
    ]
    wanted = [*(store["file"] for store in stores), *(["verify.sh"] if "verify.sh" in data else [])]
    version = sha256(b"".join(data[name].data for name in sorted(data) if name != "CHECKLIST.md")).hexdigest()
    variables = [
        "# Written by the export; a new export replaces it.",
        f"rollout_version: {_scalar(version)}",
        f"verify: {'true' if 'verify.sh' in data else 'false'}",
        f'phase: "{phase}"',
        *_list("stores", stores),
        *_list("settings", [{"name": name, "value": value} for name, value in settings.items()]),
    ]
    return [
        *(replace(data[name], name=f"files/{pack.folder}/{name}") for name in wanted),
        PackFile(f"host_vars/{pack.folder}/tls.yml", _text(["---", *variables]), secret=True),
    ]


def _machine(host: str, gateway: GatewayAnswers) -> PackFile:
    """What only the operator knows about one gateway."""
    text = from_template("ansible/machine.yml", {"HOST": host, "JAVA": _scalar(printable(gateway.java))})
    return PackFile(f"host_vars/{host}/machine.yml", text.encode())


def _primaries(inputs: PlanInputs, nodes: Mapping[str, str], phase: Phase) -> list[PackFile]:
    """For each node its answers, the chain, and the passwords in files of their own."""
    judged = inputs.judged("primary")
    host = inputs.answers.primary.host or judged.suggested_host
    result: list[PackFile] = []
    # In the first two phases of a change of the root the node goes on to present what it has.
    kept = inputs.seen.chain if phase in {Phase.TRUST_ROOT, Phase.OTHERS} else None
    for name, files in node_files(inputs, nodes, phase).items():
        result += [replace(file, name=f"files/{name}/{file.name}") for file in files]
        variables = _node_variables(kept or judged.chain, host, nodes[name], inputs.answers.primary.port)
        result.append(PackFile(f"host_vars/{name}/tls.yml", variables))
    return result


def _node_variables(presented: Chain, host: str, node: str, port: int) -> bytes:
    leaf = presented.leaf
    values = {
        "endpoint": endpoint(node, port),
        "servername": host,
        "leaf_sha256": leaf.sha256 if leaf is not None else "",
    }
    return _text(["---", *(f"{name}: {_scalar(value)}" for name, value in values.items())])


def _inventory(nodes: Iterable[str], gateways: Iterable[str]) -> bytes:
    hint = "# Settings for all of them. Settings for one machine are in host_vars/NAME/machine.yml.\n"
    more = "# unattended_file=/full/path/of/the/unattended/file"
    return _text(["[primaries]", *nodes, "", "[gateways]", *gateways, "", "[gateways:vars]", hint + more])


def _readme(nodes: Iterable[str], gateways: Iterable[str], secrets: list[str], *, encrypted: bool) -> bytes:
    groups = (("Primaries, in this order", nodes), ("Gateways", gateways))
    what = "\n".join(f"- {title}: {', '.join(names)}" for title, names in groups if names)
    places = " \\\n          ".join(["", *sorted(secrets)]).strip(" ")
    if encrypted:
        about = "They are encrypted with the vault password of the export."
        encrypt_step, command = "Nothing to do: these are encrypted, and Ansible can open them.", places
    else:
        about = "Encrypt them before you copy this folder to a repository or another machine."
        encrypt_step, command = "Encrypt them (Ansible can open encrypted files):", f"`ansible-vault encrypt {places}`"
    values = {"WHAT": what, "ENCRYPTED": about, "ENCRYPT": encrypt_step, "SECRETS": command}
    return from_template("ansible/README.md", values).encode()


def _list(name: str, items: Sequence[Mapping[str, str]]) -> list[str]:
    """A YAML list of mappings; without any it is an empty list, where nothing would be null."""
    result = [f"{name}:" if items else f"{name}: []"]
    for item in items:
        members = [f"{key}: {_scalar(value)}" for key, value in item.items()]
        result += [f"  - {members[0]}", *(f"    {member}" for member in members[1:])]
    return result


def _scalar(text: str) -> str:
    """A YAML string that Ansible takes as it is: `!unsafe` keeps it from being read as a template."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '!unsafe "' + re.sub(r"[^\x20-\x7e]", lambda match: f"\\U{ord(match[0]):08x}", escaped) + '"'


def _text(lines: Iterable[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()

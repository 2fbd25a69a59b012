"""Texts: bundles, roll-out and checklist."""

from functools import partial

from wizard.texts.model import Case, Text

_of_wizard = partial(Text, source="design of the wizard")

TEXTS: dict[str, Text] = {
    "checklist.other-list": _of_wizard(
        title="the list has changed",
        message="This step is not on the saved list.",
        why="Another run has saved a new list, or this list was never saved.",
        fix="Check the list again. A dry run saves no list.",
    ),
    "checklist.policy-last": Text(
        title="the policy comes last",
        message="The policy comes last: {count} other steps are not ticked.",
        why="With the policy, every endpoint without a trusted certificate goes offline.",
        fix="With the policy, an endpoint without a trusted certificate goes offline.\n"
        "If it is switched already: cloudstream-wizard checklist --tick {policy} --yes",
        source="manual, Account setup in the portal",
        cases={
            "one": Case("The policy comes last: {count} other step is not ticked."),
        },
    ),
    "client.subject-unmatched": Text(
        title="the search text matches no certificate",
        message="{text} is neither in the subject nor in the issuer of {name}.",
        why="The client would find no certificate and stay offline.",
        fix="Use a part of one of them, for example the host name, without CN= and the like.",
        source="manual, Setting up the client",
    ),
    "client.subject-unsafe": Text(
        title="the installer may not accept the search text",
        message="The text that the client searches for has spaces or special characters.",
        why="It is not documented how the installer quotes them.",
        fix="Use only letters, digits, dots, hyphens and underscores, such as {example}",
        source="domain facts, section 4",
        cases={
            "no-part": Case(
                "No part of the names in {name} has only letters and digits.",
                fix="Ask the PKI team for a certificate whose common name is the host name.",
            ),
        },
    ),
    "export.nothing": _of_wizard(
        title="there is nothing to roll out",
        message="The answers contain neither an on-premises primary nor a gateway.",
        why="Ansible does not reach Windows clients and the portal.",
        fix="Add them to the answers file, or use handoff.",
    ),
    "export.no-vault-password": Text(
        title="the keys and passwords would not be encrypted",
        message="The folder contains keys and passwords, but there is no password to encrypt them.",
        why="Such a folder is often copied, or committed to a repository.",
        fix="Use --secret {name}=file:PATH, or use --plain-secrets and encrypt them yourself.",
        source="Ansible documentation, Vault",
    ),
    "handoff.findings": _of_wizard(
        title="the findings forbid a bundle",
        message="No bundle for {host}: {reason}",
        why="The primary would refuse a machine with this certificate.",
        fix="{hint}",
    ),
    "handoff.folder-in-use": _of_wizard(
        title="the folder for the bundles is not empty",
        message="{folder} is not empty.",
        why="Old and new keys in one folder are easily mixed up.",
        fix="Choose a new folder, or delete the old bundles first.",
    ),
    "handoff.host": _of_wizard(
        title="a host name is missing or not unique",
        message="A gateway or client has no host name, or the same one as another.",
        why="The folder of each bundle has the name of its host.",
        fix="Enter a different host name for every gateway and client in the answers.",
        cases={
            "none": Case("A gateway or client has no host name."),
            "twice": Case("{host} is in the answers twice."),
            "taken": Case("{host} is the name of another folder there."),
        },
    ),
    "handoff.java-version": Text(
        title="the Java version of a gateway cannot be read",
        message="{version} is not a Java version.",
        why="The version decides how the stores of the gateway are encrypted.",
        fix="Enter it as `java -version` prints it, for example 17.0.9, or leave it empty.",
        source="JDK 8u301 and 11.0.12: PKCS12 with AES-256",
    ),
    "inventory.no-machine": _of_wizard(
        title="nothing was handed out to this machine",
        message="No certificate was handed out to {name}.",
        why="Only a machine in the inventory can be removed from it.",
        fix="See the names with: cloudstream-wizard inventory",
    ),
    "inventory.not-kept": _of_wizard(
        title="the certificates in the bundles are not watched",
        message="The bundles are there, but not in the inventory: {reason}",
        why="status cannot warn you before the certificates in them expire.",
        fix="{hint}",
    ),
    "inventory.unreadable": _of_wizard(
        title="the inventory cannot be read",
        message="The inventory {path} cannot be read ({kind}).",
        why="It lists which certificates were handed out, and when each expires.",
        fix="Restore it from a backup, or move it away and create the bundles again.\n"
        "A new inventory then lists what is created from then on.",
    ),
}

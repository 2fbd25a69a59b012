"""Texts: this machine: files, programs, Java, the service, passwords."""

from wizard.texts.model import Case, Text

_AS_UTF_8 = "Save the password as plain UTF-8 text."
_KEYTOOL = "OpenJDK keytool, versions 11.0.5 to 25"
_RESTART = "The new certificate is served only after a restart."
_SAME_JAVA = "The service uses the same Java, so it would meet the same."
_SYSTEMD = "systemctl(1), systemd.service(5)"
_WIZARD = "interface of the wizard"

TEXTS: dict[str, Text] = {
    "file.is-a-folder": Text(
        title="A folder where a file is expected",
        message="{file} is a folder",
        why="It is not clear which of its files is meant.",
        fix="Name one file in it.",
    ),
    "file.missing": Text(
        title="A file is not there",
        message="{file} does not exist",
        why="What it holds is needed to go on.",
        fix="Check the spelling of the path.",
        cases={
            "blanks": Case(fix="Check the spelling of the path. A path with blanks can be in double quotes."),
        },
    ),
    "file.not-readable": Text(
        title="The file cannot be read",
        message="{file} cannot be read: {reason}",
        why="What cannot be read cannot be checked.",
        fix="Run the wizard as root, or change the mode or owner of the file.",
        source="POSIX open(2)",
        cases={
            "explained": Case("{reason}", fix="{hint}"),
        },
    ),
    "file.not-regular": Text(
        title="Not an ordinary file",
        message="{file} is not an ordinary file",
        why="It cannot be read twice, and what is shown could differ from what is used.",
        fix="Save it to a file and name that.",
    ),
    "file.not-writable": Text(
        title="a folder cannot be written",
        message="{folder} cannot be written: {reason}.",
        why="Nothing can be handed off without it.",
        fix="Name another folder, or check its rights and the free space.",
        source="design of the wizard",
        cases={
            "checklist": Case("The checklist cannot be kept in {folder}: {reason}", fix="Start the wizard with sudo."),
            "made": Case("{folder} cannot be made: {reason}."),
        },
    ),
    "file.too-large": Text(
        title="A file is too large",
        message="{file} has {size} bytes; the wizard reads up to {limit}",
        why="Reading it would only fill the memory.",
        fix="Name the certificate file itself.",
    ),
    "file.too-many": Text(
        title="Too many files",
        message="{folder} brings more than {limit} files",
        why="It is most likely not the folder with the certificates.",
        fix="Name the folder that holds only the certificates.",
    ),
    "jre.missing": Text(
        title="The product's Java is not there",
        message="{home} is not there",
        why="Without it keytool cannot import the root or prove the key store.",
        fix="Check that the product is installed; name its home with --hcp-home.",
    ),
    "jre.no-keytool": Text(
        title="The product's Java has no keytool",
        message="{home} has no bin/keytool",
        why="The trust store is changed, and the key store proven, by the product's own keytool.",
        fix="Repair the product's JRE.",
    ),
    "keytool.algorithm": Text(
        title="This Java does not know an algorithm that the store or the key uses",
        message="{store}: this Java does not know an algorithm that the store or the key uses",
        why=_SAME_JAVA,
        fix="Export the store with another encryption, or use an RSA key.",
        source=_KEYTOOL,
    ),
    "keytool.alias-exists": Text(
        title="The trust store already has an entry of this name",
        message="{store}: the trust store already has an entry of this name",
        why=_SAME_JAVA,
        fix="Use another alias, or remove the old entry first.",
        source=_KEYTOOL,
    ),
    "keytool.alias-missing": Text(
        title="The store has no entry of this name",
        message="{store}: the store has no entry of this name",
        why=_SAME_JAVA,
        fix="List the store to see its entries.",
        source=_KEYTOOL,
    ),
    "keytool.certificate-unreadable": Text(
        title="Java cannot read a certificate",
        message="{store}: Java cannot read a certificate in it: {reason}",
        why="A server with this store starts with its built-in certificate.",
        fix="Ask for a new certificate; for an EC key with a named curve.",
        source=_KEYTOOL,
    ),
    "keytool.damaged-java": Text(
        title="The product's Java does not start",
        message="{store}: the product's Java does not start",
        why=_SAME_JAVA,
        fix="Repair or reinstall the product's JRE.",
        source=_KEYTOOL,
    ),
    "keytool.failed": Text(
        title="keytool refused",
        message="{store}: keytool says: {words}",
        why=_SAME_JAVA,
        fix="Read its text; the debug log has all of it.",
        source=_KEYTOOL,
        cases={
            "request": Case("{store}: keytool made a certification request that cannot be read"),
        },
    ),
    "keytool.key-differs": Text(
        title="The key is of another kind than its certificate",
        message="{store}: Java takes the private key for another kind of key than its certificate names (it signs "
        "with {signer}, the certificate has {public})",
        why="Java finds no way to sign in a handshake, though the store opens.",
        fix="Ask for a certificate with a plain RSA or P-256 key.",
        source=_KEYTOOL,
    ),
    "keytool.key-password": Text(
        title="The store opens, but the private key in it has another password",
        message="{store}: the store opens, but the private key in it has another password",
        why=_SAME_JAVA,
        fix="Export the store again with one password for store and key.",
        source=_KEYTOOL,
    ),
    "keytool.no-key": Text(
        title="No private key for Java",
        message="{store}: Java sees no private key in it",
        why="A server without a private key cannot prove who it is.",
        fix="Export certificate and private key together as PKCS12.",
        source=_KEYTOOL,
    ),
    "keytool.no-memory": Text(
        title="The machine has not enough free memory to start Java",
        message="{store}: the machine has not enough free memory to start Java",
        why=_SAME_JAVA,
        fix="Free memory, or raise the limit of this session, then try again.",
        source=_KEYTOOL,
    ),
    "keytool.no-space": Text(
        title="There is no space to write the store",
        message="{store}: there is no space to write the store",
        why=_SAME_JAVA,
        fix="Free space.",
        source=_KEYTOOL,
    ),
    "keytool.not-a-certificate": Text(
        title="keytool does not read the given bytes as an X.509 certificate",
        message="{store}: keytool does not read the given bytes as an X.509 certificate",
        why=_SAME_JAVA,
        fix="Give one certificate in DER or PEM form.",
        source=_KEYTOOL,
    ),
    "keytool.password-not-ascii": Text(
        title="The password has characters that Java does not take for a PKCS12 store",
        message="{store}: the password has characters that Java does not take for a PKCS12 store",
        why=_SAME_JAVA,
        fix="Choose a password of ASCII letters, digits and . _ -",
        source=_KEYTOOL,
    ),
    "keytool.password-wrong": Text(
        title="Java says that the password does not open the store",
        message="{store}: Java says that the password does not open the store",
        why=_SAME_JAVA,
        fix="Check the password. A Java older than 8u301 or 11.0.12 says the same about modern encryption.",
        source=_KEYTOOL,
    ),
    "keytool.permission": Text(
        title="keytool may not read or write the store",
        message="{store}: keytool may not read or write the store",
        why=_SAME_JAVA,
        fix="Run the wizard as root.",
        source=_KEYTOOL,
    ),
    "keytool.store-cut": Text(
        title="The store ends too early or holds surplus bytes",
        message="{store}: the store ends too early or holds surplus bytes",
        why=_SAME_JAVA,
        fix="Copy the file again in binary mode and compare size and hash.",
        source=_KEYTOOL,
    ),
    "keytool.store-empty": Text(
        title="The store is an empty file",
        message="{store}: the store is an empty file",
        why=_SAME_JAVA,
        fix="Copy the file again; check its size.",
        source=_KEYTOOL,
    ),
    "keytool.store-format": Text(
        title="Java does not recognise the file as a key store",
        message="{store}: Java does not recognise the file as a key store",
        why=_SAME_JAVA,
        fix="Give a PKCS12 file (.pfx, .p12).",
        source=_KEYTOOL,
    ),
    "keytool.store-missing": Text(
        title="Java finds no store there, or may not read it",
        message="{store}: Java finds no store there, or may not read it",
        why=_SAME_JAVA,
        fix="Check the path, and the rights on the file.",
        source=_KEYTOOL,
    ),
    "keytool.tampered": Text(
        title="Java refuses the store: the password is not the right one, or the file is damaged",
        message="{store}: Java refuses the store: the password is not the right one, or the file is damaged",
        why=_SAME_JAVA,
        fix="Give the password that the store has; for cacerts it is changeit unless somebody changed it.",
        source=_KEYTOOL,
    ),
    "editor.missing": Text(
        title="There is no editor",
        message="{file} cannot be opened: there is no editor on this machine.",
        why="The wizard opens the editor of the operator, and has none of its own.",
        fix="Name one, then start the wizard again: export EDITOR=nano",
        source="environ(7): EDITOR, VISUAL",
        cases={
            "not-started": Case("{file} cannot be opened: {editor} did not start ({reason})."),
        },
    ),
    "program.missing": Text(
        title="A program is missing",
        message="the program {program} is not there",
        why="The step that needs it cannot be made.",
        fix="Install it, or name its path.",
    ),
    "program.not-runnable": Text(
        title="A program cannot be run",
        message="the program {program} cannot be run: {reason}",
        why="The step that needs it cannot be made.",
        fix="Check its mode, the mount option noexec and the processor type.",
    ),
    "program.too-slow": Text(
        title="A program did not end in time",
        message="{program} did not end within {seconds:g} seconds and was stopped",
        why="Waiting for ever would leave the change half made.",
        fix="Check the load of the machine, then try again.",
    ),
    "secret.missing": Text(
        title="a password is needed",
        message="The password {name} is not given.",
        why="Without it the files cannot be opened or written.",
        fix="Give --secret {name}=file:PATH.",
        source=_WIZARD,
        cases={
            "new-store": Case(
                "The password of the new store is not given.",
                fix="Give --secret {name}=file:PATH, or answer\n{{ generate = true }}.",
            ),
            "store": Case("The password of {store} is not known."),
            "key": Case(
                "The private key's own password is needed to give it the store's.",
                fix="Give --secret {name}=file:PATH; whoever exported the file knows it.",
            ),
            "nobody": Case(
                "{prompt}: it is needed, and nobody can be asked.",
                fix="Give --secret {name}=file:PATH (or env:VAR, fd:N), or set {name}\nin the answers file.",
            ),
            "none": Case("No password was given.", fix="Start again when it is at hand."),
            "terminal": Case(
                "The terminal cannot be read: {reason}.",
                fix="Start again in a terminal, or give the password by --secret.",
            ),
            "here": Case(fix="Type it here; whoever made the file knows it."),
        },
    ),
    "secret.source-unusable": Text(
        title="a password source cannot be read",
        message="{source}, which should hold {name}, cannot be read: {reason}.",
        why="The wizard has no password to go on with.",
        fix="Check the name and the rights, or name another source.",
        source=_WIZARD,
        cases={
            "form": Case(
                "A password source has none of the forms that are understood.",
                fix="Write NAME=file:PATH, NAME=env:VARIABLE or NAME=fd:NUMBER.\n"
                "A password is never part of the command line.",
            ),
            "variable": Case(
                "The variable {variable}, which should hold {name}, is not set.",
                fix="Set and export it, or name another source.",
            ),
            "too-long": Case(
                "The source of {name} holds more than {limit} bytes; that is no password.",
                fix="Name the file that holds the password alone.",
            ),
            "utf-16": Case("The source of {name} is UTF-16 text or binary.", fix=_AS_UTF_8),
            "not-utf-8": Case("The source of {name} is not UTF-8 text.", fix=_AS_UTF_8),
            "empty": Case(
                "The source of {name} is empty.",
                fix="Write the password into it; an empty one is given by env:VARIABLE.",
            ),
            "lines": Case(
                "The source of {name} holds more than one line.", fix="Write the password alone into it, on one line."
            ),
            "blank": Case(
                "The source of {name} has a blank or tab at the beginning or end.",
                fix="Remove the blank; if it belongs to the password, give the password by env:VARIABLE.",
            ),
        },
    ),
    "service.crash-loop": Text(
        title="The service crashes and restarts again and again",
        message="{unit}: the unit starts, ends and is started again{evidence}",
        why=_RESTART,
        fix="Remove the cause that its journal names; then systemctl reset-failed and restart.{journal}",
        source=_SYSTEMD,
    ),
    "service.failed": Text(
        title="The service did not come back",
        message="{unit}: the unit failed to start{evidence}",
        why=_RESTART,
        fix="Remove the cause that its journal names; then systemctl reset-failed and restart.{journal}",
        source=_SYSTEMD,
    ),
    "service.masked": Text(
        title="The service unit is masked",
        message="{unit}: the unit is masked, so systemd will not start it{evidence}",
        why=_RESTART,
        fix="Find out who masked it and why, then run systemctl unmask.{journal}",
        source=_SYSTEMD,
    ),
    "service.no-rights": Text(
        title="Not allowed to restart the service",
        message="{unit}: systemd does not let this account restart the unit{evidence}",
        why=_RESTART,
        fix="Run the wizard as root.{journal}",
        source=_SYSTEMD,
    ),
    "service.no-systemctl": Text(
        title="No systemctl on this machine",
        message="{unit}: the program systemctl cannot be used{evidence}",
        why=_RESTART,
        fix="Name it with --systemctl, or give --restart-command.{journal}",
        source=_SYSTEMD,
    ),
    "service.not-started": Text(
        title="systemd did not start the service",
        message="{unit}: systemd left the unit inactive{evidence}",
        why=_RESTART,
        fix="Correct what its last journal lines below name, then start it; waiting is no help.{journal}",
        source=_SYSTEMD,
    ),
    "service.offline": Text(
        title="systemd does not run here",
        message="{unit}: systemctl is there, but systemd is not the first process of this machine{evidence}",
        why=_RESTART,
        fix="Inside a container or an image, give --restart-command, or restart the service from outside.{journal}",
        source=_SYSTEMD,
    ),
    "service.port-closed": Text(
        title="The port stays closed",
        message="{unit}: the service runs, but nothing takes connections on its port{evidence}",
        why=_RESTART,
        fix="Read its last journal lines below, and check the port in its settings.{journal}",
        source=_SYSTEMD,
    ),
    "service.restart-command": Text(
        title="The restart command failed",
        message="the restart command ended with exit code {exit_code}: {output}",
        why=_RESTART,
        fix="Run it by hand to see why: {command}",
        source=_SYSTEMD,
    ),
    "service.start-timeout": Text(
        title="The service took too long to start",
        message="{unit}: the unit did not come up in time{evidence}",
        why=_RESTART,
        fix="It may still come up: wait and see systemctl status, or allow more time with --wait.{journal}",
        source=_SYSTEMD,
    ),
    "service.stop-timeout": Text(
        title="The service took too long to stop",
        message="{unit}: the old process did not end in time, so the new one could not start{evidence}",
        why=_RESTART,
        fix="Wait for its end: systemctl status shows it. Then systemctl restart.{journal}",
        source=_SYSTEMD,
    ),
    "service.stopped": Text(
        title="The service does not run",
        message="{unit}: the unit is inactive: it ended by itself, or somebody stopped it{evidence}",
        why=_RESTART,
        fix="Read its last journal lines below, then start it.{journal}",
        source=_SYSTEMD,
    ),
    "service.systemctl-failed": Text(
        title="systemctl refused",
        message="{unit}: systemctl ended with an error{evidence}",
        why=_RESTART,
        fix="Run the same systemctl command by hand.{journal}",
        source=_SYSTEMD,
    ),
    "service.unit-broken": Text(
        title="systemd cannot read the service unit",
        message="{unit}: the unit file is there, but systemd finds it broken{evidence}",
        why=_RESTART,
        fix="See what is wrong with it: systemd-analyze verify, then systemctl daemon-reload.{journal}",
        source=_SYSTEMD,
    ),
    "service.unit-missing": Text(
        title="The service unit does not exist",
        message="{unit}: systemd does not know the unit{evidence}",
        why=_RESTART,
        fix="Check that the product is installed; systemctl list-unit-files shows the units.{journal}",
        source=_SYSTEMD,
    ),
}

"""Texts: this machine: files, programs, Java, the service, passwords."""

from wizard.texts.model import Case, Text

_AS_UTF_8 = "Save the password as UTF-8 text."
_KEYTOOL = "OpenJDK keytool, versions 11.0.5 to 25"
_RESTART = "The new certificate is presented only after a restart."
_SAME_JAVA = "The service uses the same Java, so it would have the same problem."
_SYSTEMD = "systemctl(1), systemd.service(5)"
_WIZARD = "interface of the wizard"

TEXTS: dict[str, Text] = {
    "file.is-a-folder": Text(
        title="A folder where a file is expected",
        message="{file} is a folder",
        why="It is not clear which of its files is meant.",
        fix="Enter a file in this folder.",
    ),
    "file.missing": Text(
        title="A file is missing",
        message="{file} does not exist",
        why="The wizard needs this file to continue.",
        fix="Check the spelling of the path.",
        cases={
            "blanks": Case(fix="Check the spelling of the path. Put a path with blanks in double quotes."),
        },
    ),
    "file.not-readable": Text(
        title="The file cannot be read",
        message="{file} cannot be read: {reason}",
        why="A file that cannot be read cannot be checked.",
        fix="Run the wizard as root, or change the mode or owner of the file.",
        source="POSIX open(2)",
        cases={
            "explained": Case("{reason}", fix="{hint}"),
        },
    ),
    "file.not-regular": Text(
        title="Not an ordinary file",
        message="{file} is not an ordinary file",
        why="It cannot be read twice, so what is shown could differ from what is used.",
        fix="Save it to a file and enter that.",
    ),
    "file.not-writable": Text(
        title="the wizard cannot write to a folder",
        message="Nothing can be written to {folder}: {reason}.",
        why="Without it no bundle can be written.",
        fix="Choose another folder, or check its rights and the free space.",
        source="design of the wizard",
        cases={
            "checklist": Case("The checklist cannot be saved in {folder}: {reason}", fix="Start the wizard with sudo."),
            "made": Case("{folder} cannot be created: {reason}."),
        },
    ),
    "file.too-large": Text(
        title="A file is too large",
        message="{file} has {size} bytes, but the wizard reads at most {limit}",
        why="Reading it would only fill the memory.",
        fix="Choose the certificate file itself.",
    ),
    "file.too-many": Text(
        title="Too many files",
        message="{folder} has more than {limit} files",
        why="It is probably not the folder with the certificates.",
        fix="Choose a folder with only the certificates.",
    ),
    "jre.missing": Text(
        title="The product's Java is missing",
        message="{home} does not exist",
        why="Without it keytool cannot import the root or test the key store.",
        fix="Check that the product is installed. If its home is elsewhere, use --hcp-home.",
    ),
    "jre.no-keytool": Text(
        title="The product's Java has no keytool",
        message="{home} has no bin/keytool",
        why="The product's own keytool changes the trust store and tests the key store.",
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
        title="The trust store already has an entry with this name",
        message="{store}: the trust store already has an entry with this name",
        why=_SAME_JAVA,
        fix="Use another alias, or remove the old entry first.",
        source=_KEYTOOL,
    ),
    "keytool.alias-missing": Text(
        title="The store has no entry with this name",
        message="{store}: the store has no entry with this name",
        why=_SAME_JAVA,
        fix="List the store to see its entries.",
        source=_KEYTOOL,
    ),
    "keytool.certificate-unreadable": Text(
        title="Java cannot read a certificate",
        message="{store}: Java cannot read a certificate in it: {reason}",
        why="A server with this store starts with its built-in certificate.",
        fix="Ask for a new certificate. An EC key needs a named curve.",
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
        title="keytool reported an error",
        message="{store}: keytool reports: {words}",
        why=_SAME_JAVA,
        fix="Read the report. With --debug you see all of it.",
        source=_KEYTOOL,
        cases={
            "request": Case("{store}: keytool made a certificate request that cannot be read"),
        },
    ),
    "keytool.key-differs": Text(
        title="Key and certificate are of different kinds",
        message="{store}: Java reads the private key as another kind of key than the certificate's (it "
        "signs with {signer}, the certificate has {public})",
        why="Java opens the store, but cannot sign in a handshake.",
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
        title="Java finds no private key",
        message="{store}: Java finds no private key in it",
        why="A server without a private key cannot identify itself.",
        fix="Export certificate and private key together as PKCS12.",
        source=_KEYTOOL,
    ),
    "keytool.no-memory": Text(
        title="There is not enough free memory to start Java",
        message="{store}: there is not enough free memory to start Java",
        why=_SAME_JAVA,
        fix="Free memory, or raise the limit of this session, then try again.",
        source=_KEYTOOL,
    ),
    "keytool.no-space": Text(
        title="There is not enough disk space to write the store",
        message="{store}: there is not enough disk space to write the store",
        why=_SAME_JAVA,
        fix="Free some disk space, then try again.",
        source=_KEYTOOL,
    ),
    "keytool.not-a-certificate": Text(
        title="keytool does not recognise an X.509 certificate",
        message="{store}: keytool does not recognise the given bytes as an X.509 certificate",
        why=_SAME_JAVA,
        fix="Use one certificate in DER or PEM form.",
        source=_KEYTOOL,
    ),
    "keytool.password-not-ascii": Text(
        title="The password has characters that Java refuses in a PKCS12 store",
        message="{store}: the password has characters that Java refuses in a PKCS12 store",
        why=_SAME_JAVA,
        fix="Choose a password of ASCII letters, digits and . _ -",
        source=_KEYTOOL,
    ),
    "keytool.password-wrong": Text(
        title="Java reports that the password does not open the store",
        message="{store}: Java reports that the password does not open the store",
        why=_SAME_JAVA,
        fix="Check the password. Java older than 8u301 or 11.0.12 reports the same for modern encryption.",
        source=_KEYTOOL,
    ),
    "keytool.permission": Text(
        title="keytool cannot read or write the store",
        message="{store}: keytool has no right to read or write the store",
        why=_SAME_JAVA,
        fix="Run the wizard as root.",
        source=_KEYTOOL,
    ),
    "keytool.store-cut": Text(
        title="The store is cut off or has surplus bytes",
        message="{store}: the store is cut off or has surplus bytes",
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
        fix="Use a PKCS12 file (.pfx, .p12).",
        source=_KEYTOOL,
    ),
    "keytool.store-missing": Text(
        title="Java does not find the store, or cannot read it",
        message="{store}: Java does not find the store, or cannot read it",
        why=_SAME_JAVA,
        fix="Check the path, and the rights on the file.",
        source=_KEYTOOL,
    ),
    "keytool.tampered": Text(
        title="The password is wrong, or the file is damaged",
        message="{store}: Java refuses the store: the password is wrong, or the file is damaged",
        why=_SAME_JAVA,
        fix="Give the right password. For cacerts it is changeit unless somebody changed it.",
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
        message="the program {program} does not exist",
        why="A step needs it.",
        fix="Install it, or give its path.",
    ),
    "program.not-runnable": Text(
        title="A program cannot be run",
        message="the program {program} cannot be run: {reason}",
        why="A step needs it.",
        fix="Check its mode, the mount option noexec and the processor type.",
    ),
    "program.too-slow": Text(
        title="A program did not end in time",
        message="{program} did not end within {seconds:g} seconds and was stopped",
        why="Waiting longer would leave the change unfinished.",
        fix="Check the load of the machine, then try again.",
    ),
    "secret.missing": Text(
        title="a password is required",
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
                "The private key has its own password, which is needed to replace it with the store's.",
                fix="Give --secret {name}=file:PATH. Whoever exported the file knows it.",
            ),
            "nobody": Case(
                "{prompt}: this password is required, and there is no terminal to ask for it.",
                fix="Give --secret {name}=file:PATH (or env:VAR, fd:N), or set {name}\nin the answers file.",
            ),
            "none": Case("No password was given.", fix="Start again when you have it."),
            "terminal": Case(
                "The terminal cannot be read: {reason}.",
                fix="Start again in a terminal, or give the password with --secret.",
            ),
            "here": Case(fix="Type it here. Whoever made the file knows it."),
        },
    ),
    "secret.source-unusable": Text(
        title="a password source cannot be read",
        message="{source}, which should hold {name}, cannot be read: {reason}.",
        why="The wizard cannot continue without the password.",
        fix="Check the name and the rights, or use another source.",
        source=_WIZARD,
        cases={
            "form": Case(
                "A password source does not have a known form.",
                fix="Write NAME=file:PATH, NAME=env:VARIABLE or NAME=fd:NUMBER.\n"
                "A password is never part of the command line.",
            ),
            "variable": Case(
                "The variable {variable}, which should hold {name}, is not set.",
                fix="Set and export it, or use another source.",
            ),
            "too-long": Case(
                "The source of {name} has more than {limit} bytes. That is not a password.",
                fix="Use a file that contains only the password.",
            ),
            "utf-16": Case("The source of {name} is UTF-16 text or binary.", fix=_AS_UTF_8),
            "not-utf-8": Case("The source of {name} is not UTF-8 text.", fix=_AS_UTF_8),
            "empty": Case(
                "The source of {name} is empty.",
                fix="Write the password into it. For an empty password use env:VARIABLE.",
            ),
            "lines": Case(
                "The source of {name} has more than one line.", fix="Write only the password into it, on one line."
            ),
            "blank": Case(
                "The source of {name} has a blank or tab at the beginning or end.",
                fix="Remove the blank. If it belongs to the password, use env:VARIABLE.",
            ),
        },
    ),
    "service.crash-loop": Text(
        title="The service crashes and restarts repeatedly",
        message="{unit}: the unit starts, stops and is started again{evidence}",
        why=_RESTART,
        fix="Remove the cause, which its journal shows. Then systemctl reset-failed and restart.{journal}",
        source=_SYSTEMD,
    ),
    "service.failed": Text(
        title="The service did not start",
        message="{unit}: the unit failed to start{evidence}",
        why=_RESTART,
        fix="Remove the cause, which its journal shows. Then systemctl reset-failed and restart.{journal}",
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
        title="This account cannot restart the service",
        message="{unit}: systemd does not let this account restart the unit{evidence}",
        why=_RESTART,
        fix="Run the wizard as root.{journal}",
        source=_SYSTEMD,
    ),
    "service.no-systemctl": Text(
        title="There is no systemctl on this machine",
        message="{unit}: the program systemctl cannot be used{evidence}",
        why=_RESTART,
        fix="Give its path with --systemctl, or use --restart-command.{journal}",
        source=_SYSTEMD,
    ),
    "service.not-started": Text(
        title="systemd did not start the service",
        message="{unit}: systemd left the unit inactive{evidence}",
        why=_RESTART,
        fix="Correct what its last journal lines show, then start it. Waiting does not help.{journal}",
        source=_SYSTEMD,
    ),
    "service.offline": Text(
        title="systemd does not run here",
        message="{unit}: systemctl exists, but systemd is not the first process of this machine{evidence}",
        why=_RESTART,
        fix="In a container or an image, use --restart-command, or restart the service from outside.{journal}",
        source=_SYSTEMD,
    ),
    "service.port-closed": Text(
        title="The port stays closed",
        message="{unit}: the service runs, but nothing accepts connections on its port{evidence}",
        why=_RESTART,
        fix="Read its last journal lines below, and check the port in its settings.{journal}",
        source=_SYSTEMD,
    ),
    "service.restart-command": Text(
        title="The restart command failed",
        message="the restart command ended with exit code {exit_code}: {output}",
        why=_RESTART,
        fix="Run it manually to see why: {command}",
        source=_SYSTEMD,
    ),
    "service.start-timeout": Text(
        title="The service took too long to start",
        message="{unit}: the unit did not start in time{evidence}",
        why=_RESTART,
        fix="It may still start: wait and check systemctl status, or allow more time with --wait.{journal}",
        source=_SYSTEMD,
    ),
    "service.stop-timeout": Text(
        title="The service took too long to stop",
        message="{unit}: the old process did not stop in time, so the new one could not start{evidence}",
        why=_RESTART,
        fix="Wait until it stops (systemctl status). Then systemctl restart.{journal}",
        source=_SYSTEMD,
    ),
    "service.stopped": Text(
        title="The service is not running",
        message="{unit}: the unit is inactive: it stopped by itself, or somebody stopped it{evidence}",
        why=_RESTART,
        fix="Read its last journal lines below, then start it.{journal}",
        source=_SYSTEMD,
    ),
    "service.systemctl-failed": Text(
        title="systemctl reported an error",
        message="{unit}: systemctl ended with an error{evidence}",
        why=_RESTART,
        fix="Run the same systemctl command manually.{journal}",
        source=_SYSTEMD,
    ),
    "service.unit-broken": Text(
        title="systemd cannot read the service unit",
        message="{unit}: the unit file exists, but systemd cannot use it{evidence}",
        why=_RESTART,
        fix="Find the cause: systemd-analyze verify, then systemctl daemon-reload.{journal}",
        source=_SYSTEMD,
    ),
    "service.unit-missing": Text(
        title="The service unit does not exist",
        message="{unit}: systemd does not know the unit{evidence}",
        why=_RESTART,
        fix="Check that the product is installed: systemctl list-unit-files shows the units.{journal}",
        source=_SYSTEMD,
    ),
}

"""Texts: this machine: files, programs, Java, the service, passwords."""

from functools import partial

from wizard.texts.model import Case, Text

_AS_UTF_8 = "Save the password as UTF-8 text."
_SYSTEMD = "systemctl(1), systemd.service(5)"
_WIZARD = "interface of the wizard"

_by_keytool = partial(Text, source="OpenJDK keytool, versions 11.0.5 to 25")
_of_keytool = partial(_by_keytool, why="The service uses the same Java, so it would have the same problem.")
_of_systemd = partial(Text, source=_SYSTEMD, why="The new certificate is presented only after a restart.")

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
            "blanks": Case(fix="Check the spelling of the path. Put a path with spaces in double quotes."),
            "current-folder": Case(
                "The current folder does not exist any more, or cannot be read.",
                fix="Change to another folder, for example with cd /, and run the command again.",
            ),
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
        fix="Save its content to a file, and enter the path of that file.",
    ),
    "file.not-writable": Text(
        title="The wizard cannot write to a folder",
        message="Nothing can be written to {folder}: {reason}.",
        why="No bundle can be written there.",
        fix="Choose another folder, or check its permissions and the free space.",
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
        message="{home} does not exist or may not be read",
        why="Without it keytool cannot import the root or test the key store.",
        fix="Check that the product is installed. If its home is elsewhere, use --hcp-home.",
    ),
    "jre.no-keytool": Text(
        title="The product's Java has no keytool",
        message="{home} has no bin/keytool",
        why="The product's own keytool changes the trust store and tests the key store.",
        fix="Repair the product's JRE.",
    ),
    "keytool.algorithm": _of_keytool(
        title="This Java does not know an algorithm that the store or the key uses",
        message="{store}: this Java does not know an algorithm that the store or the key uses",
        fix="Export the store with another encryption, or use an RSA key.",
    ),
    "keytool.alias-exists": _of_keytool(
        title="The trust store already has an entry with this name",
        message="{store}: the trust store already has an entry with this name",
        fix="Use another alias, or remove the old entry first.",
    ),
    "keytool.alias-missing": _of_keytool(
        title="The store has no entry with this name",
        message="{store}: the store has no entry with this name",
        fix="List the store to see its entries.",
    ),
    "keytool.certificate-unreadable": _by_keytool(
        title="Java cannot read a certificate",
        message="{store}: Java cannot read a certificate in it: {reason}",
        why="A server with this store starts with its built-in certificate.",
        fix="Ask for a new certificate. An EC key needs a named curve.",
    ),
    "keytool.damaged-java": _of_keytool(
        title="The product's Java does not start",
        message="{store}: the product's Java does not start",
        fix="Repair or reinstall the product's JRE.",
    ),
    "keytool.failed": _of_keytool(
        title="keytool reported an error",
        message="{store}: keytool reports: {words}",
        fix="Read the report. Use --debug to see all of it.",
        cases={
            "request": Case("{store}: keytool made a certificate request that cannot be read"),
        },
    ),
    "keytool.key-differs": _by_keytool(
        title="Key and certificate are of different types",
        message="{store}: Java reads the private key as a different type of key than the certificate's (it "
        "signs with {signer}, the certificate has {public})",
        why="Java opens the store, but cannot sign in a handshake.",
        fix="Ask for a certificate with a plain RSA or P-256 key.",
    ),
    "keytool.key-password": _of_keytool(
        title="The store opens, but the private key in it has another password",
        message="{store}: the store opens, but the private key in it has another password",
        fix="Export the store again with one password for store and key.",
    ),
    "keytool.no-key": _by_keytool(
        title="Java finds no private key",
        message="{store}: Java finds no private key in it",
        why="A server without a private key cannot identify itself.",
        fix="Export certificate and private key together as PKCS12.",
    ),
    "keytool.no-memory": _of_keytool(
        title="There is not enough free memory to start Java",
        message="{store}: there is not enough free memory to start Java",
        fix="Free memory, or raise the limit of this session, then try again.",
    ),
    "keytool.no-space": _of_keytool(
        title="There is not enough disk space to write the store",
        message="{store}: there is not enough disk space to write the store",
        fix="Free some disk space, then try again.",
    ),
    "keytool.not-a-certificate": _of_keytool(
        title="keytool does not recognise an X.509 certificate",
        message="{store}: keytool does not recognise the given bytes as an X.509 certificate",
        fix="Use one certificate in DER or PEM form.",
    ),
    "keytool.password-not-ascii": _of_keytool(
        title="The password has characters that Java refuses in a PKCS12 store",
        message="{store}: the password has characters that Java refuses in a PKCS12 store",
        fix="Choose a password of ASCII letters, digits and . _ -",
    ),
    "keytool.password-wrong": _of_keytool(
        title="Java reports that the password does not open the store",
        message="{store}: Java reports that the password does not open the store",
        fix="Check the password. Java older than 8u301 or 11.0.12 reports the same for modern encryption.",
    ),
    "keytool.permission": _of_keytool(
        title="keytool cannot read or write the store",
        message="{store}: keytool has no permission to read or write the store",
        fix="Run the wizard as root.",
    ),
    "keytool.store-cut": _of_keytool(
        title="The store is cut off or has extra bytes",
        message="{store}: the store is cut off or has extra bytes",
        fix="Copy the file again in binary mode and compare size and hash.",
    ),
    "keytool.store-empty": _of_keytool(
        title="The store is an empty file",
        message="{store}: the store is an empty file",
        fix="Copy the file again; check its size.",
    ),
    "keytool.store-format": _of_keytool(
        title="Java does not recognise the file as a key store",
        message="{store}: Java does not recognise the file as a key store",
        fix="Use a PKCS12 file (.pfx, .p12).",
    ),
    "keytool.store-missing": _of_keytool(
        title="Java does not find the store, or cannot read it",
        message="{store}: Java does not find the store, or cannot read it",
        fix="Check the path, and the permissions of the file.",
    ),
    "keytool.tampered": _of_keytool(
        title="The password is wrong, or the file is damaged",
        message="{store}: Java refuses the store: the password is wrong, or the file is damaged",
        fix="Enter the right password. For cacerts it is changeit unless somebody changed it.",
    ),
    "editor.missing": Text(
        title="There is no editor",
        message="{file} cannot be opened: there is no editor on this machine.",
        why="The wizard has no editor of its own; it starts the one that EDITOR names.",
        fix="Set one, then start the wizard again: export EDITOR=nano",
        source="environ(7): EDITOR, VISUAL",
        cases={
            "not-started": Case("{file} cannot be opened: {editor} did not start ({reason})."),
        },
    ),
    "program.missing": Text(
        title="A program is missing",
        message="the program {program} does not exist",
        why="A step needs it.",
        fix="Install it, or enter its path.",
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
        fix="Use --secret {name}=file:PATH.",
        source=_WIZARD,
        cases={
            "new-store": Case(
                "The password of the new store is not given.",
                fix="Use --secret {name}=file:PATH, or answer {{ generate = true }}.",
            ),
            "store": Case("The password of {store} is not known."),
            "key": Case(
                "The private key has its own password, which is needed to replace it with the store's.",
                fix="Use --secret {name}=file:PATH. Whoever exported the file knows it.",
            ),
            "nobody": Case(
                "{prompt}: this password is required, and there is no terminal to ask for it.",
                fix="Use --secret {name}=file:PATH (or env:VAR, fd:N), or set {name} in the answers file.",
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
        message="{source}, which should contain {name}, cannot be read: {reason}.",
        why="The wizard cannot continue without the password.",
        fix="Check the name and the permissions, or use another source.",
        source=_WIZARD,
        cases={
            "form": Case(
                "A password source does not have a known form.",
                fix="Write NAME=file:PATH, NAME=env:VARIABLE or NAME=fd:NUMBER.\n"
                "A password is never part of the command line.",
            ),
            "variable": Case(
                "The variable {variable}, which should contain {name}, is not set.",
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
                "The source of {name} has a space or tab at the beginning or end.",
                fix="Remove it. If it belongs to the password, use env:VARIABLE.",
            ),
        },
    ),
    "service.crash-loop": _of_systemd(
        title="The service crashes and restarts repeatedly",
        message="{unit}: the unit starts, stops and is started again and again{evidence}",
        fix="Fix the cause, which its journal shows. Then run systemctl reset-failed and restart.{journal}",
    ),
    "service.failed": _of_systemd(
        title="The service did not start",
        message="{unit}: the unit failed to start{evidence}",
        fix="Fix the cause, which its journal shows. Then run systemctl reset-failed and restart.{journal}",
    ),
    "service.masked": _of_systemd(
        title="The service unit is masked",
        message="{unit}: the unit is masked, so systemd will not start it{evidence}",
        fix="Find out who masked it and why, then run systemctl unmask.{journal}",
    ),
    "service.no-rights": _of_systemd(
        title="This account cannot restart the service",
        message="{unit}: systemd does not let this account restart the unit{evidence}",
        fix="Run the wizard as root.{journal}",
    ),
    "service.no-systemctl": _of_systemd(
        title="There is no systemctl on this machine",
        message="{unit}: the program systemctl cannot be used{evidence}",
        fix="Give its path with --systemctl, or use --restart-command.{journal}",
    ),
    "service.not-started": _of_systemd(
        title="systemd did not start the service",
        message="{unit}: systemd left the unit inactive{evidence}",
        fix="Correct what its last journal lines show, then start it. Waiting does not help.{journal}",
    ),
    "service.offline": _of_systemd(
        title="systemd does not run here",
        message="{unit}: systemctl exists, but systemd is not the first process of this machine{evidence}",
        fix="In a container or an image, use --restart-command, or restart the service from outside.{journal}",
    ),
    "service.restart-command": _of_systemd(
        title="The restart command failed",
        message="the restart command ended with exit code {exit_code}: {output}",
        fix="Run it manually to see why: {command}",
    ),
    "service.start-timeout": _of_systemd(
        title="The service took too long to start",
        message="{unit}: the unit did not start in time{evidence}",
        fix="It may still start: wait and check systemctl status, or allow more time with --wait.{journal}",
    ),
    "service.stop-timeout": _of_systemd(
        title="The service took too long to stop",
        message="{unit}: the old process did not stop in time, so the new one could not start{evidence}",
        fix="Wait until it stops (systemctl status). Then run systemctl restart.{journal}",
    ),
    "service.stopped": _of_systemd(
        title="The service is not running",
        message="{unit}: the unit is inactive: it stopped by itself, or somebody stopped it{evidence}",
        fix="Read its last journal lines below, then start it.{journal}",
    ),
    "service.systemctl-failed": _of_systemd(
        title="systemctl reported an error",
        message="{unit}: systemctl ended with an error{evidence}",
        fix="Run the same systemctl command manually.{journal}",
    ),
    "service.unit-broken": _of_systemd(
        title="systemd cannot read the service unit",
        message="{unit}: the unit file exists, but systemd cannot use it{evidence}",
        fix="Find the cause with systemd-analyze verify, then run systemctl daemon-reload.{journal}",
    ),
    "service.unit-missing": _of_systemd(
        title="The service unit does not exist",
        message="{unit}: systemd does not know the unit{evidence}",
        fix="Check that the product is installed: systemctl list-unit-files shows the units.{journal}",
    ),
    "system.limit": Text(
        title="A limit of the system was reached",
        message="The system refused what the wizard needs: {reason}.",
        why="Files, memory and processes are limited for each session, and by the machine.",
        fix="Free memory or disk space, or raise the limit (`ulimit -a` shows them all).\n"
        "To check for an unfinished change: cloudstream-wizard recover",
        source="errno(3), getrlimit(2)",
    ),
    "timer.no-systemd": Text(
        title="A timer needs systemd",
        message="A timer needs systemd, and --restart-command says that this machine has none.",
        why="Nothing would start the check.",
        fix="Use cron to run: cloudstream-wizard status",
        source=_SYSTEMD,
    ),
}

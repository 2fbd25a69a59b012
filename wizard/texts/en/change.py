"""Texts: applying, undoing and recovering a change."""

from wizard.texts.model import Case, Text

_OWN_RULE = "own rule"
_PLAN_AGAIN = "Make it again with `plan --answers FILE --out PLAN`."
_RECORDS = "own rule: one folder of records, mode 0700"

NOTHING_CHANGED = "Nothing was changed. {message}"
"""A refusal's own message, where it came before anything was touched."""

JOURNAL_LINES = "{hint}\nLast lines of the service's journal:\n{lines}"
"""A hint, followed by what the service wrote."""

TEXTS: dict[str, Text] = {
    "change.backup-damaged": Text(
        title="A backup is damaged",
        message="The saved file {path} cannot be used: {reason}.",
        why="Restoring from it would put a damaged file in the place of a working one.",
        fix="Nothing was written from it. Restore the file from the machine's own\nbackup.",
        source=_RECORDS,
    ),
    "change.backups-removed": Text(
        title="The backups were removed",
        message="Change {change} cannot be rolled back: its backups were removed on {date}.",
        why="Without the old files a change cannot be undone.",
        fix="Restore its files from the machine's own backup, or install the\ncertificates that you want anew.",
        source=_OWN_RULE,
    ),
    "change.bug": Text(
        title="A bug in the wizard",
        message="This is a bug in the wizard: {kind}{where}.",
        why="What was done before it is undone, as after any other failure.",
        fix="Please report it.",
        source=_OWN_RULE,
    ),
    "change.busy": Text(
        title="Another run is at work",
        message="Another run of the wizard is changing this machine: {process}.",
        why="Two changes at once could each undo a part of the other.",
        fix="Wait until it has ended; start the wizard without arguments to watch it.",
        source="flock(2)",
        cases={
            "change": Case("Another run of the wizard is changing this machine: {process}. It makes change {change}."),
            "unknown": Case("Another run of the wizard is changing this machine: a process that has not named itself."),
        },
    ),
    "change.cannot-finish": Text(
        title="The change cannot be finished",
        message="The undo of change {change} had already begun, so it cannot be finished.",
        why="Files that were restored would have to be replaced once more, without a new review.",
        fix="Run `recover` without --finish, then apply the change again.",
        source=_OWN_RULE,
    ),
    "change.changed-since": Text(
        title="A file changed since the change",
        message="{path} is not what change {change} left there.",
        why="Restoring the old state would lose what was done since.",
        fix="Somebody edited it by hand or by another tool: settle that first, or\nrestore the file by hand.",
        source=_OWN_RULE,
        cases={
            "newer": Case(fix="Roll back the newer change first: rollback {newer}"),
        },
    ),
    "change.changed-since-review": Text(
        title="A file changed since the review",
        message="{path} changed since the plan was made: {difference}.",
        why="What was reviewed is not what would happen; somebody else's edit would be lost.",
        fix="Make the plan again, review it, and apply that.",
        source="own rule: each file step carries what it expects",
        cases={
            "prepared": Case("{path} was changed by somebody else while the change was prepared."),
            "java": Case("The server's Java changed since you reviewed the plan: it was {before}, it is {now}."),
            "undo": Case(
                "{path} was changed by somebody else since the undo was planned.",
                fix="Start the rollback again; it takes out the certificate of this change\nalone.",
            ),
        },
    ),
    "change.died-after-start": Text(
        title="The server ended after its start",
        message="{unit} ended after its start, and systemd started it again ({restarts} times).",
        why="A server that ends again and again is offline again and again.",
        fix="See why in its journal: journalctl -u {unit}",
        source="own rule: the server is watched for a while after a change (--settle)",
    ),
    "change.fallback-leaf": Text(
        title="The built-in certificate is served",
        message="{endpoint} serves the built-in certificate ({certificate}): the service could not use the key store.",
        why="The server starts with it when it cannot use the key store, and does not say so otherwise.",
        fix="Path, password and readability of the key store are the three causes;\n`doctor` tells them apart.",
        source="manual: the fallback certificate named localhost",
    ),
    "change.folder-exchanged": Text(
        title="A folder was exchanged",
        message="The folder {folder} is not the one that was reviewed: {difference}.",
        why="Who can rename a folder could have files written into another one.",
        fix="Its owner, and the owners of the folders above, can exchange it: ask them.\n"
        "Move the right folder to its place again, then make the plan again.",
        source="own rule: folders are opened once and used by descriptor; CWE-367",
    ),
    "change.folder-not-writable": Text(
        title="No right to write in the folder",
        message="This account may not write in {folder}.",
        why="The change could not be made, nor undone.",
        fix="Run as root (sudo), or as the owner of the folder.",
        source="access(2)",
    ),
    "change.folder-open": Text(
        title="Others may write in a folder on the way",
        message="{who} may write in the folder {folder}, and so exchange what is put there.",
        why="They could exchange the key store, or a folder on the way to it.",
        fix="Take that right away: {repair}",
        source="own rule; CWE-732",
    ),
    "change.foreign-edit": Text(
        title="A file was changed by somebody else",
        message="{path} was changed by somebody else after the change had begun; it is left as it is.",
        why="Restoring the old content would lose somebody else's work.",
        fix="Compare it with the backup named on the page, then run `recover --keep`.",
        source="own rule: undo restores only what the change itself made",
        cases={
            "trust-store": Case(fix="Run `recover`: it takes out the certificate of this change alone."),
        },
    ),
    "change.hard-links": Text(
        title="The file has several names",
        message="{path} has {links} names (hard links); the others would keep the old content.",
        why="Replacing one name leaves the others with the old content.",
        fix="Find them with find -samefile, and make each a file of its own.",
        source="rename(2)",
    ),
    "change.immutable": Text(
        title="The file is protected by a flag",
        message="{path} is marked {flag}.",
        why="Not even root can replace it while the flag is set; mostly somebody set it on purpose.",
        fix="Somebody set that on purpose: ask, then take it off (chattr).",
        source="ioctl_iflags(2)",
    ),
    "change.interrupted": Text(
        title="A change was interrupted",
        message="Change {change} was interrupted while it was {phase}; nothing else may start before it is settled.",
        why="Files may be between two states; a new change would make its backups from that.",
        fix="Run `recover`: it undoes the change, or finishes it with --finish, or\n"
        "accepts everything as it is now with --keep.",
        source="own rule: the journal has no last line",
        cases={
            "page": Case(
                fix="Run `recover`: it undoes the change, or finishes it with --finish, or\n"
                "accepts everything as it is now with --keep. See {page}."
            ),
            "run": Case("The run that made it was interrupted."),
            "ended": Case(
                "The process that made change {change} was ended from outside before it could finish.",
                fix="Run `recover`; `recover --keep` accepts everything as it is now.",
            ),
            "full": Case(
                "How change {change} ended could not be recorded: the file system mounted at "
                "{mount}, which holds {state}, is full.",
                fix="Free space there. Run `recover`; `recover --keep` accepts everything as it\nis now.",
            ),
        },
    ),
    "change.journal-damaged": Text(
        title="A journal is damaged",
        message="The journal {path} is damaged in line {line}. The backups of the change are in {backups}.",
        why="Without it the wizard cannot know which files the interrupted change had reached.",
        fix="Do not change the folder. `recover --undo` compares every file of the\n"
        "change and restores the old ones; `recover --keep` accepts everything as\nit is now.",
        source="own format: each line carries a checksum",
        cases={
            "size": Case("The journal {path} has more than {limit} bytes. The backups of the change are in {backups}."),
            "kind": Case("The journal {path} is a {kind}, not a file. The backups of the change are in {backups}."),
            "unreadable": Case(
                "The journal {path} cannot be read: {reason}. The backups of the change are in {backups}."
            ),
            "end": Case(
                "The journal {path} has lost its end: the change had ended. The backups of the change are in {backups}."
            ),
        },
    ),
    "change.link-loop": Text(
        title="A chain of links does not end",
        message="{path} is a chain of symbolic links that does not end.",
        why="There is no file to be replaced.",
        fix="Repair the link (ls -l shows where it points).",
        source="path_resolution(7)",
    ),
    "change.lock-unusable": Text(
        title="The lock is no regular file",
        message="The lock {path} is no regular file, so it cannot be seen whether a change is being made.",
        why="Without the lock two changes could run at once.",
        fix="See what it is (ls -l {path}). When no change is being made, remove it;\nbackups are not in it.",
        source="own rule: one lock file, never followed when it is a link",
    ),
    "change.manifest-damaged": Text(
        title="The record of a change is damaged",
        message="The record of change {change} cannot be used: {path}: {reason}. Its backups are in {backups}.",
        why="Without it the wizard does not know which backup belongs to which file.",
        fix="Keep the folder: it holds the old files, one for each step. While the\n"
        "change is not finished, `recover --keep` closes it and accepts everything\nas it is now.",
        source=_RECORDS,
    ),
    "change.no-folder": Text(
        title="The target folder does not exist",
        message="The folder {folder} does not exist.",
        why="Only a folder that the plan names is made; one in the product's tree never is.",
        fix="Make it, or name another.",
        source="open(2)",
    ),
    "change.no-room": Text(
        title="Not enough space",
        message="The file system mounted at {mount} has {free} KiB free; {needed} are needed for {folder}.",
        why="A change that runs out of space half way has to be undone, which needs space as well.",
        fix="Free space on that file system, then try again.",
        source="statvfs(3)",
        cases={
            "not-begun": Case(
                "Nothing was changed: the file system mounted at {mount}, which holds {state}, is full.",
                fix="Free space there, then start again.",
            ),
        },
    ),
    "change.not-reachable": Text(
        title="The service does not answer",
        message="{endpoint} brought no TLS handshake within {seconds} s: {reason}.",
        why="Gateways and clients cannot connect either.",
        fix="See the service's journal: journalctl -u with the name of the unit.",
        source="manual: the check with a TLS client",
    ),
    "change.not-standing": Text(
        title="The change is not in force",
        message="Change {change} cannot be rolled back: it is {outcome}.",
        why="There is nothing of it left to undo.",
        fix="`history` shows which changes are in force.",
        source=_OWN_RULE,
        cases={
            "rolled-back": Case("Change {change} cannot be rolled back: it was undone by {later}."),
        },
    ),
    "change.nothing-to-roll-back": Text(
        title="Nothing to roll back",
        message="There is no change on record in {state} that could be rolled back.",
        why="Only what was recorded with its backups can be rolled back.",
        fix="`history` lists what is on record. A lost state folder takes its backups\nwith it.",
        source=_OWN_RULE,
    ),
    "change.owner-needs-root": Text(
        title="Only root can keep the owner",
        message="{path} belongs, or is to belong, to user {user} and group {group}.",
        why="A file with the wrong owner may be unreadable to the service, or readable to others.",
        fix="Run as root (sudo): only root can keep that owner.",
        source="chown(2)",
    ),
    "change.plan-damaged": Text(
        title="The plan was altered",
        message="{plan} was altered or cut since it was written: its checksum does not fit.",
        why="What would be applied is not what was reviewed.",
        fix="Make it again with `plan --answers FILE --out PLAN`, and review it again.",
        source="own format",
    ),
    "change.plan-unreadable": Text(
        title="Not a plan",
        message="{plan} is not a plan that this version of the wizard wrote.",
        why="Only a plan whose every step is understood may be applied.",
        fix=_PLAN_AGAIN,
        source="own format",
        cases={
            "certificates": Case("The certificates of {role} in the plan cannot be read."),
        },
    ),
    "change.plan-without-basis": Text(
        title="The plan cannot be judged again",
        message="{plan} does not hold the certificates that it was made with, so they cannot be judged again.",
        why="A certificate may have expired or been revoked since the plan was reviewed.",
        fix=_PLAN_AGAIN,
        source="own format",
    ),
    "change.port-taken": Text(
        title="Another process has the port",
        message="{endpoint} is taken by another process: the service says so in its journal.",
        why="The service cannot listen, so gateways and clients reach another program or nothing.",
        fix="Find it with ss -ltnp, and end it or move it.",
        source="bind(2), EADDRINUSE",
    ),
    "change.read-back": Text(
        title="A written file reads back differently",
        message="{path} was written, but reads back differently.",
        why="Another program (a configuration manager, a copy of the wizard) may be writing it, or the disk is "
        "failing.",
        fix="Something else writes this file, or the disk is failing: see the system's\nlog, then try again.",
        source="own rule: what cannot be read back was not written",
    ),
    "change.read-only": Text(
        title="The file system is read-only",
        message="{folder} is on a file system that is mounted read-only.",
        why="Nothing can be written there.",
        fix="Mount it for writing, or name another folder.",
        source="statvfs(3)",
    ),
    "change.record-damaged": Text(
        title="The record of a change is damaged",
        message="Change {change} cannot be rolled back. {damage}",
        why="Without them the wizard does not know which backup belongs to which file.",
        fix="Restore its files from the backups by hand. To roll back another change,\nname it: `history` lists them.",
        source=_OWN_RULE,
    ),
    "change.record-not-written": Text(
        title="The end of an undo could not be recorded",
        message="Every file is as it was, but the last line of {journal} could not be written.",
        why="Until it is there, the wizard takes the change for an interrupted one.",
        fix="Free space there, then run `recover`.",
        source="own rule: the journal has no last line",
        cases={
            "full": Case(
                "Every file is as it was, but the last line of {journal} could not be written: the "
                "file system mounted at {mount} is full."
            ),
        },
    ),
    "change.recovery-needed": Text(
        title="An undo is not complete",
        message="The undo is not complete: {reason}",
        why="The machine is between two states.",
        fix="{hint}\n"
        "What is where: {page}\n"
        "Then run `recover` again; `recover --keep` ends it and accepts everything\nas it is now.",
        source=_OWN_RULE,
        cases={
            "service": Case(
                "Every file is as it was, but the service is not: {reason}",
                fix="{hint}\n"
                "What is where: {page}\n"
                "`doctor` finds the cause; `doctor --fix CODE` repairs it and ends this\n"
                "recovery.\n"
                "Then run `recover` again; `recover --keep` ends it and accepts everything\n"
                "as it is now.",
            ),
        },
    ),
    "change.staged-damaged": Text(
        title="A staged file is damaged",
        message="The saved file {path} cannot be used: {reason}.",
        why="Finishing the change with it would install something that was never reviewed.",
        fix="Nothing was written from it. Restore the file from the machine's own\nbackup.",
        source=_RECORDS,
    ),
    "change.state-unreadable": Text(
        title="The record of changes cannot be read",
        message="The record of changes in {state} cannot be read: {reason}.",
        why="Without it the wizard cannot tell whether a change is running or was interrupted.",
        fix="Run the command as root (sudo).",
        source=_RECORDS,
        cases={
            "no-folder": Case(fix="See what is there: ls -la."),
        },
    ),
    "change.state-unusable": Text(
        title="The state folder belongs to somebody else",
        message="The state folder {state} is not a folder that belongs to this account.",
        why="Backups hold key stores; who owns the folder can read and exchange them.",
        fix="Run the command as its owner (mostly root), or name another folder with\n--state-dir.",
        source=_RECORDS,
    ),
    "change.stopped": Text(
        title="The change was asked to stop",
        message="The change was asked to stop and stopped between two steps.",
        why="What was done up to then is undone, so that the server is not left between two states.",
        fix="Apply it again when the reason is gone.",
        source="signal(7)",
    ),
    "change.system": Text(
        title="The system refused a step",
        message="The system refused a step of the change: {reason}{where}.",
        why="A step that the system refuses cannot be made; what was done before it is undone.",
        fix="Put the named reason right, then try again.",
        source="errno(3)",
    ),
    "change.target-is-link": Text(
        title="The target is a symbolic link",
        message="{path} is a symbolic link, which would be replaced rather than followed.",
        why="Replacing the link would leave the file that it leads to unchanged, and the link lost.",
        fix="Name the file that the link leads to.",
        source="rename(2)",
    ),
    "change.target-not-file": Text(
        title="The target is not a file",
        message="{path} is a {kind}, not a file.",
        why="Only regular files can be replaced in one step.",
        fix="Name a file, or move what is there out of the way.",
        source="rename(2)",
    ),
    "change.target-unreadable": Text(
        title="A file to be changed cannot be read",
        message="{path} cannot be read: {reason}.",
        why="What cannot be read cannot be backed up.",
        fix="Run as root (sudo).",
        source="own rule: no change without a backup",
    ),
    "change.undo-differs": Text(
        title="Owner, mode or attributes could not be restored",
        message="{path} has its old bytes again, but not its old owner, mode or attributes.",
        why="The service may not be able to read it, or others may.",
        fix="Compare it with the manifest beside the backup (ls -l, getfattr -d -m -).",
        source="own rule: undo is read back",
    ),
    "change.unknown": Text(
        title="No such change",
        message="There is no record of a change {change} in {state}.",
        why="It may be older than the kept ones, or made with another state folder; a lost folder took its "
        "backups along.",
        fix="`history` lists the changes that are known. A lost state folder takes its\nbackups with it.",
        source=_RECORDS,
    ),
    "change.worker-silent": Text(
        title="The worker did not begin",
        message="The process that was to make the change ended before it began; nothing was changed.",
        why="Memory may be short, or the program's files were replaced while it ran.",
        fix="Try again; `history` shows whether anything is on record.",
        source=_OWN_RULE,
        cases={
            "ended": Case(
                "Nothing was changed: the process that was to make change {change} was ended from outside.",
                fix="See why it ended, then start again.",
            ),
        },
    ),
    "change.write-failed": Text(
        title="A file cannot be written",
        message="{path} cannot be written: {reason}.",
        why="A change that cannot be written completely is not begun, and one that has begun is undone.",
        fix="See the reason above, put it right, then try again.",
        source="errno(3)",
        cases={
            "no-room": Case(
                "{path} cannot be written: {reason} (file system mounted at {mount}).",
                fix="Free space on that file system, then try again.",
            ),
            "quota": Case(
                "{path} cannot be written: {reason} (file system mounted at {mount}).",
                fix="Free space or raise the quota, then try again.",
            ),
            "read-only": Case(
                "{path} cannot be written: {reason} (file system mounted at {mount}).",
                fix="The file system is mounted read-only: mount it for writing, then try\nagain.",
            ),
            "rights": Case(fix="Run as root (sudo), or as the owner of the folder."),
            "flag": Case(fix="Run as root (sudo); where it is root already, look for an immutable flag\n(lsattr)."),
            "disk": Case(fix="The disk reports an error: see the system's log (dmesg) before anything\nelse."),
            "no-folder": Case(fix="Make the folder first, or name another place."),
        },
    ),
    "change.wrong-leaf": Text(
        title="Another certificate is served",
        message="{endpoint} serves {certificate} with SHA-256 {sha256}..., not {planned}...",
        why="A service that is active proves nothing; only the served leaf does.",
        fix="See whether another server or a load balancer answers at this address.",
        source="manual: the check with a TLS client",
        cases={
            "built-in": Case("{endpoint} serves {certificate}, not the built-in certificate."),
        },
    ),
}

"""Texts: applying, undoing and recovering a change."""

from functools import partial

from wizard.texts.model import Case, Text

_PLAN_AGAIN = "Make it again with `plan --answers FILE --out PLAN`."

NOTHING_CHANGED = "Nothing was changed. {message}"
"""A refusal's own message, where it came before anything was touched."""

JOURNAL_LINES = "{hint}\nLast lines of the service's journal:\n{lines}"
"""A hint, followed by what the service wrote."""

_of_transaction = partial(Text, source="own rule")
_of_records = partial(Text, source="own rule: one folder of records, mode 0700")
_of_rename = partial(Text, source="rename(2)")
_of_plans = partial(Text, source="own format")

TEXTS: dict[str, Text] = {
    "change.backup-damaged": _of_records(
        title="A backup is damaged",
        message="The saved file {path} cannot be used: {reason}.",
        why="Restoring from it would replace a working file with a damaged one.",
        fix="Nothing was written from it. Restore the file from the machine's own backup.",
    ),
    "change.backups-removed": _of_transaction(
        title="The backups were removed",
        message="Change {change} cannot be rolled back: its backups were removed on {date}.",
        why="Without the old files a change cannot be undone.",
        fix="Restore its files from the machine's own backup, or install the certificates that you want again.",
    ),
    "change.bug": _of_transaction(
        title="A bug in the wizard",
        message="This is a bug in the wizard: {kind}{where}.",
        why="The steps already done are undone, as after any other failure.",
        fix="Please report it with the text above.",
    ),
    "change.busy": Text(
        title="Another wizard is running",
        message="Another run of the wizard is changing this machine: {process}.",
        why="Two changes at the same time could undo parts of each other.",
        fix="Wait until it ends. To watch it, start the wizard without arguments.",
        source="flock(2)",
        cases={
            "change": Case("Another run of the wizard is changing this machine: {process}. It makes change {change}."),
            "unknown": Case("Another run of the wizard is changing this machine: an unknown process."),
        },
    ),
    "change.cannot-finish": _of_transaction(
        title="The change cannot be finished",
        message="The undo of change {change} has already begun, so the change cannot be finished.",
        why="Files that were restored would have to be replaced again, without a new review.",
        fix="Run `recover` without --finish, then apply the change again.",
    ),
    "change.changed-since": _of_transaction(
        title="A file was changed later",
        message="{path} is not as change {change} left it.",
        why="Restoring the old state would lose the later edit.",
        fix="Find out first who or what edited it, or restore the file manually.",
        cases={
            "newer": Case(fix="Roll back the newer change first: rollback {newer}"),
        },
    ),
    "change.changed-since-review": Text(
        title="A file changed since the review",
        message="{path} changed since the plan was made: {difference}.",
        why="The change would not be what you reviewed, and the other edit would be lost.",
        fix="Make the plan again, review it, then apply it.",
        source="own rule: each file step carries what it expects",
        cases={
            "prepared": Case("{path} was changed by something else while the change was prepared."),
            "java": Case("The server's Java changed after you reviewed the plan: it was {before}, it is {now}."),
            "undo": Case(
                "{path} was changed by something else after the undo was planned.",
                fix="Start the rollback again. It removes only the certificate of this change.",
            ),
        },
    ),
    "change.died-after-start": Text(
        title="The server stopped after starting",
        message="{unit} stopped after starting, and systemd started it again ({restarts} times).",
        why="A server that stops repeatedly is offline each time.",
        fix="Find the cause in its journal: journalctl -u {unit}",
        source="own rule: the server is watched for a while after a change (--settle)",
    ),
    "change.fallback-leaf": Text(
        title="The server presents its built-in certificate",
        message="{endpoint} presents the built-in certificate ({certificate}): the service could not use "
        "the key store.",
        why="The server does this when it cannot use the key store, and gives no other sign.",
        fix="The cause is the path, the password or the permissions of the key store.\nTo find out which, run "
        "`doctor`.",
        source="manual: the fallback certificate named localhost",
        cases={
            "restart-command": Case(
                "{endpoint} presents the built-in certificate ({certificate}): the restart command did not restart "
                "the service, or the service could not use the key store.",
                fix="Check that the restart command ends the old process and starts a new one.\n"
                "If it does, run `doctor`.",
            ),
        },
    ),
    "change.folder-exchanged": Text(
        title="A folder was replaced by another one",
        message="The folder {folder} is not the one that was reviewed: {difference}.",
        why="Whoever can rename a folder could redirect files into another one.",
        fix="Only its owner, or the owner of a folder above, can do this: ask them.\n"
        "Move the reviewed folder back to its place, then make the plan again.",
        source="own rule: folders are opened once and used by descriptor; CWE-367",
    ),
    "change.folder-not-writable": Text(
        title="No permission to write to the folder",
        message="This account cannot write to {folder}.",
        why="The change could be neither made nor undone.",
        fix="Run as root (sudo), or as the owner of the folder.",
        source="access(2)",
    ),
    "change.folder-open": Text(
        title="Other accounts can write to a parent folder",
        message="{who} can write to the folder {folder}, and so replace the files in it.",
        why="They could replace the key store, or one of its parent folders.",
        fix="Remove that permission: {repair}",
        source="own rule; CWE-732",
    ),
    "change.foreign-edit": Text(
        title="A file was changed by something else",
        message="{path} was changed by something else after the change had begun. It is left as it is.",
        why="Restoring the old content would lose the other edit.",
        fix="Compare it with the backup named on the page, then run `recover --keep`.",
        source="own rule: undo restores only what the change itself made",
        cases={
            "trust-store": Case(fix="Run `recover`: it removes only the certificate of this change."),
        },
    ),
    "change.hard-links": _of_rename(
        title="The file has several names",
        message="{path} has {links} names (hard links). The other names would keep the old content.",
        why="If one name is replaced, the others keep the old content.",
        fix="Find them with find -samefile, and make each a separate file.",
    ),
    "change.immutable": Text(
        title="The file is protected by a flag",
        message="{path} is marked {flag}.",
        why="Even root cannot replace it while this flag is set.",
        fix="Somebody probably set the flag on purpose. Ask first, then remove it (chattr).",
        source="ioctl_iflags(2)",
    ),
    "change.interrupted": Text(
        title="A change was interrupted",
        message="Change {change} was interrupted while it was {phase}. No other change can start until it is "
        "undone, finished or kept.",
        why="Some files may be old and others new, and a new change would back up this mixture.",
        fix="Run `recover`: it undoes the change, finishes it with --finish, or accepts "
        "everything as it is now with --keep.",
        source="own rule: the journal has no last line",
        cases={
            "page": Case(
                fix="Run `recover`: it undoes the change, finishes it with --finish, or accepts "
                "everything as it is now with --keep. See {page}."
            ),
            "run": Case("The run that made the change was interrupted."),
            "ended": Case(
                "The process that made change {change} was ended from outside before it could finish.",
                fix="Run `recover`. To accept everything as it is now: `recover --keep`.",
            ),
            "full": Case(
                "The end of change {change} could not be recorded: the file system mounted at {mount}, "
                "which holds {state}, is full.",
                fix="Free space there. Then run `recover`, or `recover --keep` to accept everything as it is now.",
            ),
        },
    ),
    "change.journal-damaged": Text(
        title="A journal is damaged",
        message="The journal {path} is damaged on line {line}. The backups of the change are in {backups}.",
        why="Without it the wizard cannot know which files the interrupted change had replaced.",
        fix="Leave the folder unchanged. `recover --undo` compares every file of the "
        "change and restores the old ones. `recover --keep` accepts everything as "
        "it is now.",
        source="own format: each line carries a checksum",
        cases={
            "size": Case("The journal {path} has more than {limit} bytes. The backups of the change are in {backups}."),
            "kind": Case("The journal {path} is a {kind}, not a file. The backups of the change are in {backups}."),
            "unreadable": Case(
                "The journal {path} cannot be read: {reason}. The backups of the change are in {backups}."
            ),
            "end": Case(
                "The journal {path} has lost its end, although the change had ended. The backups of the "
                "change are in {backups}."
            ),
        },
    ),
    "change.link-loop": Text(
        title="A chain of links does not end",
        message="{path} is a chain of symbolic links that does not end.",
        why="It leads to no file that could be replaced.",
        fix="Repair the link (ls -l shows where it points).",
        source="path_resolution(7)",
    ),
    "change.lock-unusable": Text(
        title="The lock is not a regular file",
        message="The lock {path} is not a regular file, so the wizard cannot tell whether a change is running.",
        why="Without the lock two changes could run at the same time.",
        fix="See what it is (ls -l {path}). If no change is running, remove it: it contains no backups.",
        source="own rule: one lock file, never followed when it is a link",
    ),
    "change.manifest-damaged": _of_records(
        title="The record of a change is damaged",
        message="The record of change {change} cannot be used: {path}: {reason}. Its backups are in {backups}.",
        why="Without it the wizard does not know which backup belongs to which file.",
        fix="Keep the folder: it contains the old files, one for each step. If the change "
        "is not finished, `recover --keep` closes it and accepts everything as it "
        "is now.",
    ),
    "change.no-folder": Text(
        title="The target folder does not exist",
        message="The folder {folder} does not exist.",
        why="The wizard creates only folders that the plan names, and none in the product's tree.",
        fix="Create it, or choose another one.",
        source="open(2)",
    ),
    "change.no-room": Text(
        title="Not enough disk space",
        message="The file system mounted at {mount} has {free} KiB free, but {folder} needs {needed} KiB.",
        why="A change that runs out of space must be undone, and that needs space as well.",
        fix="Free space on that file system, then try again.",
        source="statvfs(3)",
        cases={
            "no-inode": Case(
                "The file system mounted at {mount} can hold no more files (it has no free inode), but {folder} "
                "needs new ones.",
                fix="Delete files on that file system that nobody needs, then try again.",
            ),
            "not-begun": Case(
                "Nothing was changed: the file system mounted at {mount}, which holds {state}, is full.",
                fix="Free space there, then start again.",
            ),
        },
    ),
    "change.not-reachable": Text(
        title="The service does not answer",
        message="{endpoint} completed no TLS handshake within {seconds} s: {reason}.",
        why="Gateways and clients cannot connect either.",
        fix="Find the cause in the service's journal: journalctl -u {unit}",
        source="manual: the check with a TLS client",
    ),
    "change.not-standing": _of_transaction(
        title="The change is not in effect",
        message="Change {change} cannot be rolled back: it is {outcome}.",
        why="There is nothing left to undo.",
        fix="To see which changes are in effect, run `history`.",
        cases={
            "rolled-back": Case("Change {change} cannot be rolled back: it was undone by {later}."),
        },
    ),
    "change.nothing-to-roll-back": _of_transaction(
        title="Nothing to roll back",
        message="{state} has no record of a change that could be rolled back.",
        why="Only a recorded change with its backups can be rolled back.",
        fix="`history` lists the recorded changes. If the state folder is lost, so are its backups.",
    ),
    "change.owner-needs-root": Text(
        title="Only root can keep the owner of a file",
        message="{path} belongs, or will belong, to user {user} and group {group}.",
        why="With the wrong owner, the service may be unable to read the file, or others may read it.",
        fix="Run as root (sudo): only root can keep that owner.",
        source="chown(2)",
    ),
    "change.plan-damaged": _of_plans(
        title="The plan was altered",
        message="{plan} was altered or cut off after it was written: its checksum does not match.",
        why="The change would not be what you reviewed.",
        fix="Make it again with `plan --answers FILE --out PLAN`, and review it again.",
    ),
    "change.plan-unreadable": _of_plans(
        title="This is not a plan",
        message="{plan} is not a plan of this version of the wizard.",
        why="The wizard applies only a plan that it fully understands.",
        fix=_PLAN_AGAIN,
        cases={
            "certificates": Case("The certificates of {role} in the plan cannot be read."),
        },
    ),
    "change.plan-without-basis": _of_plans(
        title="The plan cannot be checked again",
        message="{plan} does not contain its certificates, so they cannot be checked again.",
        why="A certificate may have expired or been revoked since you reviewed the plan.",
        fix=_PLAN_AGAIN,
    ),
    "change.port-taken": Text(
        title="Another process uses the port",
        message="{endpoint} is used by another process: the service reports so in its journal.",
        why="The service cannot listen, so gateways and clients reach another program or nothing.",
        fix="Find it with ss -ltnp, and stop or move it.",
        source="bind(2), EADDRINUSE",
    ),
    "change.read-back": Text(
        title="A written file has different content",
        message="{path} was written, but reading it gives different content.",
        why="Another program (for example a configuration manager) may be writing it, or the disk may be failing.",
        fix="Read the system's log and stop the other program, then try again.",
        source="own rule: what cannot be read back was not written",
    ),
    "change.read-only": Text(
        title="The file system is read-only",
        message="{folder} is on a file system that is mounted read-only.",
        why="Nothing can be written there.",
        fix="Mount it for writing, or choose another folder.",
        source="statvfs(3)",
    ),
    "change.record-damaged": _of_transaction(
        title="The record of a change is damaged",
        message="Change {change} cannot be rolled back. {damage}",
        why="Without its record the wizard does not know which backup belongs to which file.",
        fix="Restore its files from the backups manually. To roll back another change, "
        "enter its number: `history` lists them.",
    ),
    "change.record-not-written": Text(
        title="The end of an undo could not be recorded",
        message="Every file is restored, but the last line of {journal} could not be written.",
        why="Until it is written, the wizard treats the change as interrupted.",
        fix="Free space there, then run `recover`.",
        source="own rule: the journal has no last line",
        cases={
            "full": Case(
                "Every file is restored, but the last line of {journal} could not be written: the file "
                "system mounted at {mount} is full."
            ),
        },
    ),
    "change.recovery-needed": _of_transaction(
        title="An undo is not complete",
        message="The undo is not complete: {reason}",
        why="Some files are old and others new.",
        fix="{hint}\n"
        "State of each file: {page}\n"
        "Then run `recover` again. `recover --keep` ends it and accepts everything "
        "as it is now.",
        cases={
            "service": Case(
                "Every file is restored, but the service does not work: {reason}",
                fix="{hint}\n"
                "State of each file: {page} "
                "`doctor` finds the cause. `doctor --fix CODE` repairs it and ends this "
                "recovery.\n"
                "Then run `recover` again. `recover --keep` ends it and accepts everything "
                "as it is now.",
            ),
        },
    ),
    "change.staged-damaged": _of_records(
        title="A prepared file is damaged",
        message="The prepared file {path} cannot be used: {reason}.",
        why="Finishing the change with it would install something that you did not review.",
        fix="Nothing was written from it. Restore the file from the machine's own backup.",
    ),
    "change.state-unreadable": _of_records(
        title="The record of changes cannot be read",
        message="The record of changes in {state} cannot be read: {reason}.",
        why="Without it the wizard cannot tell whether a change is running or was interrupted.",
        fix="Run the command as root (sudo).",
        cases={
            "no-folder": Case(fix="Check what is there: ls -la"),
        },
    ),
    "change.state-unusable": _of_records(
        title="The state folder belongs to another account",
        message="The state folder {state} is not a folder that belongs to this account.",
        why="Backups contain key stores. The owner of the folder can read and replace them.",
        fix="Run the command as its owner (usually root), or use another folder:\n--state-dir.",
    ),
    "change.stopped": Text(
        title="The change was stopped",
        message="The change received a signal and stopped between two steps.",
        why="The steps already done are undone, so that the files are not left half old and half new.",
        fix="Apply it again later.",
        source="signal(7)",
    ),
    "change.system": Text(
        title="The system refused a step",
        message="The system refused a step of the change: {reason}{where}.",
        why="The change cannot continue without this step. The steps already done are undone.",
        fix="Correct the cause, then try again.",
        source="errno(3)",
    ),
    "change.target-is-link": _of_rename(
        title="The target is a symbolic link",
        message="{path} is a symbolic link, which would be replaced and not followed.",
        why="The file that the link leads to would stay unchanged, and the link would be lost.",
        fix="Enter the path of the file that the link leads to.",
    ),
    "change.target-not-file": _of_rename(
        title="The target is not a file",
        message="{path} is a {kind}, not a file.",
        why="Only regular files can be replaced in one step.",
        fix="Choose a file, or move what is there.",
    ),
    "change.target-unreadable": Text(
        title="A file cannot be read before the change",
        message="{path} cannot be read: {reason}.",
        why="A file that cannot be read cannot be backed up.",
        fix="Run as root (sudo).",
        source="own rule: no change without a backup",
    ),
    "change.undo-differs": Text(
        title="Owner, mode or attributes could not be restored",
        message="{path} has its old content again, but not its old owner, mode or attributes.",
        why="The service may be unable to read it, or other accounts may read it.",
        fix="Compare it with the manifest next to the backup (ls -l, getfattr -d -m -).",
        source="own rule: undo is read back",
    ),
    "change.unknown": _of_records(
        title="This change is not on record",
        message="{state} has no record of a change {change}.",
        why="It may be older than the changes that are kept, or made with another state folder.",
        fix="`history` lists the recorded changes. If the state folder is lost, so are its backups.",
    ),
    "change.worker-silent": _of_transaction(
        title="The worker did not start",
        message="The process that makes the change ended before it began. Nothing was changed.",
        why="There may be too little memory, or the program's files were replaced while it ran.",
        fix="Try again. To see whether anything is on record, run `history`.",
        cases={
            "ended": Case(
                "Nothing was changed: the process for change {change} was ended from outside.",
                fix="Find out why it ended, then start again.",
            ),
        },
    ),
    "change.write-failed": Text(
        title="A file cannot be written",
        message="{path} cannot be written: {reason}.",
        why="A change that cannot be written completely is undone, or does not begin.",
        fix="Correct the cause named above, then try again.",
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
                fix="The file system is mounted read-only. Mount it for writing, then try again.",
            ),
            "rights": Case(fix="Run as root (sudo), or as the owner of the folder."),
            "flag": Case(fix="Run as root (sudo). If you are root already, look for an immutable flag (lsattr)."),
            "disk": Case(fix="The disk reports an error. First of all, read the system's log (dmesg)."),
            "no-folder": Case(fix="Create the folder first, or choose another one."),
        },
    ),
    "change.wrong-leaf": Text(
        title="The server presents another certificate",
        message="{endpoint} presents {certificate} with SHA-256 {sha256}..., not {planned}...",
        why="An active service is not enough: only the presented certificate shows success.",
        fix="Check whether another server or a load balancer answers at this address.",
        source="manual: the check with a TLS client",
        cases={
            "built-in": Case("{endpoint} presents {certificate}, not the built-in certificate."),
            "restart-command": Case(
                fix="Check that the restart command ends the old process and starts a new one.\n"
                "If it does, another server or a load balancer may answer at this address.",
            ),
        },
    ),
}

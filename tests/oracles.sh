#!/bin/sh
# The programs of other people that the tests compare with. As root on Debian the missing ones are installed; elsewhere
# they are named and this fails, because a test without its oracle proves nothing.
set -u
missing=""
want() { # want PACKAGE TEST-COMMAND...
    package=$1; shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

if [ "${1:-}" = venv ]; then
    missing=python3-venv
else
    want openjdk-17-jdk-headless command -v javac
    want libtypesafe-config-java test -e /usr/share/java/typesafe-config.jar
    want openssl command -v openssl
    want augeas-tools command -v augtool
    want openssh-server test -x /usr/sbin/sshd
    want openssh-client command -v ssh
    want strace command -v strace
    want attr command -v setfattr
    want acl command -v setfacl
    want bash command -v bash
    want procps command -v ps
    if [ "$(id -u)" = 0 ]; then # a systemd of our own is booted; nobody else can
        want systemd test -x /lib/systemd/systemd
        want dbus command -v dbus-daemon
        want util-linux command -v nsenter
    fi
fi
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # a list of words on purpose
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null || {
        echo "could not install$missing"; exit 1; }
    exit 0
fi
echo "needed for the tests and not here:$missing"
echo "on Debian: sudo apt-get install$missing"
exit 1

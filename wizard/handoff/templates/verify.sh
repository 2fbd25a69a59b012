#!/bin/sh
# Does the primary show the expected certificate to this machine? Needs openssl alone and changes nothing.
# Only the certificate is compared: an alert at the end is normal without a client key.
# Exit code: 0 it does, 1 it does not, 2 not checked because openssl is missing.
host=@HOST@
port=@PORT@
expected=@EXPECTED@

if ! command -v openssl >/dev/null; then
    echo "Error: openssl is not on this machine; install it, or look from another one."
    exit 2
fi
# An IPv6 address needs brackets before a port, and an address is never a server name (RFC 6066).
case $host in
*:*) at="[$host]:$port" name= ;;
*[!0-9.]*) at="$host:$port" name=$host ;;
*) at="$host:$port" name= ;;
esac
# A port that a firewall swallows would be waited for two minutes.
limit=
if command -v timeout >/dev/null; then limit="timeout 20"; fi

seen=$($limit openssl s_client -connect "$at" ${name:+-servername "$name"} </dev/null 2>/dev/null |
    openssl x509 -noout -fingerprint -sha256 -subject -issuer -enddate -nameopt RFC2253 2>/dev/null)
shown=$(printf '%s\n' "$seen" | sed -n 's/^.*[Ff]ingerprint=//p')
subject=$(printf '%s\n' "$seen" | sed -n 's/^subject= *//p')

if [ "$shown" = "$expected" ]; then
    echo "good: the primary $host shows the expected certificate."
    exit 0
fi
if [ -z "$shown" ]; then
    echo "Error: $at shows no certificate. Is the port open from here,"
    echo "and does the service run there?"
    exit 1
fi
case $subject in
*CN=localhost*)
    echo "Error: the primary $host shows its built-in certificate \"localhost\"."
    echo "It could not use its key store: see there the two settings in"
    echo "application.conf, whether the service can read the file, and the password."
    ;;
*)
    echo "Error: the primary $host shows another certificate."
    echo "Was it replaced since, or does something on the way open the TLS traffic?"
    ;;
esac
printf '%s\n' "$seen" | sed -n -e 's/^subject= */  subject  /p' -e 's/^issuer= */  issuer   /p' -e 's/^notAfter=/  ends     /p'
echo "  shown    $shown"
echo "  expected $expected"
exit 1

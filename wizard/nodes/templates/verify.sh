#!/bin/sh
# Does the primary show the expected certificate to this machine? Needs openssl alone.
# Only the certificate is compared: an alert at the end is normal without a client key.
host=@HOST@
port=@PORT@
expected=@EXPECTED@
shown=$(openssl s_client -connect "$host:$port" -servername "$host" </dev/null 2>/dev/null |
    openssl x509 -noout -fingerprint -sha256 2>/dev/null | cut -d= -f2)
if [ "$shown" = "$expected" ]; then
    echo "good: the primary $host shows the expected certificate."
elif [ -z "$shown" ]; then
    echo "Error: $host:$port shows no certificate. Is the port open from here?"
    exit 1
else
    echo "Error: the primary $host shows another certificate:"
    echo "  shown    $shown"
    echo "  expected $expected"
    echo "Is something between here and the primary opening the TLS traffic?"
    exit 1
fi

#!/bin/sh
# Tests the connection from this gateway to its primary with the gateway's own stores. Needs openssl, changes nothing.
#
#   sh verify.sh [-c | -t] [-k KEYTOOL] [UNATTENDED_FILE]
#
# Reads stores and passwords from UNATTENDED_FILE. The default is unattended.conf or unattended-lines.conf in the
# folder of this script. A store that is not installed yet is taken from the same folder.
#   -c  compare only the certificate of the primary, without the stores
#   -t  test only whether the trust store has the root CAs of this bundle, without a connection
#   -k  the keytool of the gateway's Java; by default that of /opt/hcp/jre, otherwise the one on PATH
# Passwords are given to openssl and keytool in their environment, never as an argument. The private key is written
# to a temporary folder of this account, encrypted, and deleted at the end.
#
# Exit code, the first that applies:
#   0  the primary presents the expected certificate, and each side accepts the other
#   1  the primary presents another certificate, or none
#   2  not checked: openssl is missing, or an argument is wrong
#   3  the primary does not accept the certificate of this gateway
#   4  a store of this gateway is missing or does not open with its password
#   5  the trust store of this gateway does not trust what the primary presents
#   6  the Java of this gateway cannot use a store
#   7  the primary asked for no certificate, so whether it accepts this gateway is not known
#   8  the trust store of this gateway lacks a root CA of this bundle
host=@HOST@
port=@PORT@
expected=@EXPECTED@
# The entry of the key store; without one this bundle brings no key store, and the gateway need not have one yet.
alias=@ALIAS@
roots='@ROOTS@'

case $0 in
*/*) here=${0%/*} ;;
*) here=. ;;
esac
stores=yes keytool='' file=''
while [ $# -gt 0 ]; do
    case $1 in
    -c) stores=no ;;
    -t) stores=trust ;;
    -k) keytool=${2:-} && shift ;;
    -*) echo "usage: sh verify.sh [-c | -t] [-k KEYTOOL] [UNATTENDED_FILE]" && exit 2 ;;
    *) file=$1 ;;
    esac
    shift
done
if ! command -v openssl >/dev/null; then
    echo "Error: openssl is not on this machine. Install it, or test from another one."
    exit 2
fi
umask 077
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

result=0
# The first fault decides the exit code; all are reported.
fault() {
    code=$1
    shift
    printf 'Error: %s\n' "$@" | sed '2,$s/^Error: //'
    if [ "$result" = 0 ]; then result=$code; fi
}

# The value of a setting as a shell would have it: of the last line, without quotes.
setting() {
    sed -n "s/^[[:blank:]]*\(export[[:blank:]][[:blank:]]*\)\{0,1\}$1=//p" "$file" | tail -n 1 | tr -d '\r' |
        sed -e 's/^"\([^"]*\)".*$/\1/' -e t -e "s/^'\([^']*\)'.*\$/\1/" -e t -e 's/[[:blank:]].*$//'
}

# A store where the settings say, else beside this script.
locate() {
    for place in "$1" "$here/trust-${1##*/}" "$here/${1##*/}"; do
        if [ -f "$place" ] && [ -r "$place" ] && { [ "$2" = trust ] || [ "$place" != "$here/trust-${1##*/}" ]; }; then
            printf '%s\n' "$place"
            return
        fi
    done
}

own='' trust=''
if [ "$stores" != no ]; then
    for place in "$file" "$here/unattended.conf" "$here/unattended-lines.conf"; do
        if [ -n "$place" ] && [ -r "$place" ]; then file=$place && break; fi
        if [ -n "$place" ] && [ "$place" = "$file" ]; then break; fi
    done
    if [ -z "$file" ] || [ ! -r "$file" ]; then
        fault 4 "the unattended file ${file:-of this gateway} is missing or cannot be read," \
            "  so its own certificate is not tested. Give the path of the file, or -c to" \
            "  compare only the certificate of the primary."
    else
        wanted=$(setting HCP_DEFAULT_KEYSTORE)
        own=$(locate "$wanted" own)
        own_password=$(setting HCP_DEFAULT_KEYSTORE_PASSWORD)
        if [ "$stores" = trust ]; then
            own=''
        elif [ -z "$own$wanted$alias" ]; then
            echo "This gateway has no key store yet: only its trust in the primary is tested."
        elif [ -z "$own" ]; then
            fault 4 "the key store ${wanted:-(HCP_DEFAULT_KEYSTORE is not set)} does not exist."
        elif ! STORE=$own_password openssl pkcs12 -in "$own" -passin env:STORE -passout env:STORE -aes256 \
            -out "$work/own.pem" 2>"$work/why"; then
            fault 4 "the key store $own does not open with the password of" "  $file."
            own=''
        elif ! grep -q 'PRIVATE KEY' "$work/own.pem"; then
            fault 4 "the key store $own has no private key."
            own=''
        fi
        wanted=$(setting HCP_DEFAULT_TRUSTSTORE)
        trust_password=$(setting HCP_DEFAULT_TRUSTSTORE_PASSWORD)
        if [ -n "$wanted" ]; then
            trust=$(locate "$wanted" trust)
            if [ -z "$trust" ]; then
                fault 4 "the trust store $wanted does not exist."
            elif ! STORE=$trust_password openssl pkcs12 -in "$trust" -nokeys -passin env:STORE \
                -out "$work/trust.pem" 2>"$work/why"; then
                fault 4 "the trust store $trust does not open with the password of" "  $file."
                trust=''
            fi
        elif [ "$stores" = trust ] && [ -n "$roots" ]; then
            fault 4 "$file names no trust store (HCP_DEFAULT_TRUSTSTORE)."
        fi
    fi
fi

# The roots by fingerprint: a root often has the name of the one before it.
if [ -n "$trust" ] && [ -n "$roots" ]; then
    awk -v place="$work/root." '/-----BEGIN CERTIFICATE/ { n++ } n { print >(place n) }' "$work/trust.pem"
    for root in "$work"/root.*; do openssl x509 -noout -fingerprint -sha256 -in "$root"; done 2>/dev/null |
        sed 's/^.*=//' >"$work/held"
    missing=$(printf '%s\n' $roots | grep -v -x -F -f "$work/held")
    if [ -n "$missing" ]; then
        fault 8 "the trust store $trust lacks a root CA, by SHA-256:" "$(printf '%s\n' "$missing" | sed 's/^/  /')"
    else
        echo "good: the trust store has the root CAs of this bundle ($trust)."
    fi
fi

if [ "$stores" = trust ]; then exit "$result"; fi

# An IPv6 address needs brackets before a port, and an address is never a server name (RFC 6066).
case $host in
*:*) at="[$host]:$port" name= ;;
*[!0-9.]*) at="$host:$port" name=$host ;;
*) at="$host:$port" name= ;;
esac
# Without a limit, a port that a firewall blocks would take two minutes.
limit=
if command -v timeout >/dev/null; then limit="timeout 20"; fi

# With TLS 1.3 the primary refuses a certificate only after the handshake, so the connection stays open for a while.
if [ -n "$own" ]; then
    sleep 2 | STORE=$own_password $limit openssl s_client -connect "$at" ${name:+-servername "$name"} -showcerts \
        -cert "$work/own.pem" -key "$work/own.pem" -pass env:STORE -CAfile "$work/own.pem" >"$work/seen" 2>"$work/notes"
else
    $limit openssl s_client -connect "$at" ${name:+-servername "$name"} -showcerts </dev/null >"$work/seen" 2>"$work/notes"
fi
sed -n '/-----BEGIN CERTIFICATE/,/-----END CERTIFICATE/p' "$work/seen" >"$work/shown.pem"
seen=$(openssl x509 -noout -fingerprint -sha256 -subject -issuer -enddate -nameopt RFC2253 <"$work/shown.pem" 2>/dev/null)
shown=$(printf '%s\n' "$seen" | sed -n 's/^.*[Ff]ingerprint=//p')
subject=$(printf '%s\n' "$seen" | sed -n 's/^subject= *//p')

if [ -z "$shown" ]; then
    # Nothing more is known without a connection.
    result=0
    fault 1 "$at presents no certificate. Is the port open from here," "  and does the service run there?"
    exit 1
fi
if [ "$shown" = "$expected" ]; then
    echo "OK: the primary $host presents the expected certificate."
else
    result=0
    case $subject in
    *CN=localhost*)
        fault 1 "the primary $host presents its built-in certificate \"localhost\"." \
            "  It could not use its key store. On the primary, check the two settings in" \
            "  application.conf, whether the service can read the file, and the password."
        ;;
    *)
        fault 1 "the primary $host presents another certificate." \
            "  Was it replaced since then, or does something in between decrypt the traffic?"
        ;;
    esac
    echo "  expected $expected"
fi
printf '%s\n' "$seen" | sed -n -e 's/^subject= */  subject  /p' -e 's/^issuer= */  issuer   /p' -e 's/^notAfter=/  ends     /p'
echo "  shown    $shown"

if [ -n "$trust" ]; then
    if openssl verify -purpose sslserver -CAfile "$work/trust.pem" -untrusted "$work/shown.pem" "$work/shown.pem" \
        >"$work/why" 2>&1; then
        echo "OK: the trust store of this gateway trusts it ($trust)."
    else
        fault 5 "the trust store of this gateway does not trust it ($trust)."
        sed -n 's/^error [0-9]* at \([0-9]*\) depth lookup: */  certificate \1 of its chain: /p' "$work/why"
    fi
elif [ "$stores" = yes ] && [ -n "$own" ]; then
    echo "This gateway has no trust store: its Java trusts its public CAs."
fi

# What the TLS alerts about a client certificate mean (RFC 8446, section 6.2).
alert=$(sed -n 's/^.*SSL alert number \([0-9]*\).*$/\1/p' "$work/notes" | head -n 1)
case $alert in
'') why='' ;;
40) why='handshake failure: no certificate that it accepts' ;;
42) why='bad certificate' ;;
43) why='unsupported certificate: of another purpose' ;;
44) why='revoked' ;;
45) why='expired, or not valid yet' ;;
46) why='unknown, as for a missing CA certificate in the portal' ;;
48) why='unknown CA: upload it in the portal' ;;
49) why='access denied' ;;
116) why='it wants a certificate and got none' ;;
*) why="alert $alert" ;;
esac
if [ -n "$own" ]; then
    # Java sends its certificate only to a server that names one of its CAs, or none at all.
    sed -n '/^Acceptable client certificate CA names/,/^\(Client Certificate Types\|Requested Signature\|Shared \|Peer \|---\)/p' \
        "$work/seen" | sed -e 1d -e '$d' | tr -d ' ' | sort -u >"$work/named"
    openssl crl2pkcs7 -nocrl -certfile "$work/own.pem" | openssl pkcs7 -print_certs -noout |
        sed -n 's/^issuer= *//p' | tr -d ' ' | sort -u >"$work/issuers"
    if [ -n "$why" ]; then
        fault 3 "the primary does not accept the certificate of this gateway: $why."
    elif ! grep -q -e '^Requested Signature Algorithms' -e '^Client Certificate Types' "$work/seen"; then
        fault 7 "the primary asked for no certificate, so it is not known whether it accepts" "  this gateway."
    elif ! grep -q '^DONE' "$work/notes"; then
        fault 3 "the primary closed the connection after it received this gateway's certificate."
    elif [ -s "$work/named" ] && ! comm -12 "$work/named" "$work/issuers" | grep -q .; then
        fault 3 "the primary does not list the CA of this gateway, so Java sends no certificate." \
            "  Is that CA uploaded in the portal?"
    else
        echo "OK: the primary accepts the certificate of this gateway ($own)."
    fi
fi

if [ -z "$keytool" ]; then
    keytool=/opt/hcp/jre/bin/keytool
    if [ ! -x "$keytool" ]; then keytool=$(command -v keytool); fi
fi
# Lists the entries of a store by this gateway's Java.
java_lists() {
    STORE=$2 "$keytool" -J-Duser.language=en -list -storetype PKCS12 -keystore "$1" -storepass:env STORE 2>&1
}
if [ -n "$keytool" ] && [ -n "$own$trust" ]; then
    if [ -n "$own" ] && [ -z "$alias" ] && ! java_lists "$own" "$own_password" | grep -q PrivateKeyEntry; then
        fault 6 "the Java of this gateway finds no private key in $own."
    elif [ -n "$own" ] && [ -n "$alias" ] && ! STORE=$own_password "$keytool" -J-Duser.language=en -certreq -alias "$alias" -storetype PKCS12 -keystore "$own" \
        -storepass:env STORE >"$work/why" 2>&1; then
        fault 6 "the Java of this gateway cannot use the key store $own:"
        sed -n '1,2s/^/  /p' "$work/why"
    elif [ -n "$trust" ] && ! java_lists "$trust" "$trust_password" | grep -q trustedCertEntry; then
        fault 6 "the Java of this gateway finds no trusted CA in $trust."
    else
        echo "OK: the Java of this gateway can use its stores ($keytool)."
    fi
elif [ -n "$own$trust" ]; then
    echo "Not tested with Java: there is no keytool on this machine. Give its path with -k."
fi
exit "$result"

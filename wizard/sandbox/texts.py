"""The text files of a practice deployment: settings with comments and nesting, as a grown installation has them."""

APPLICATION_CONF = """\
# Server settings. Changes become effective after: systemctl restart hcp-server
# Values here win over those of defaults.conf.

include "defaults.conf"

hcp {{
  product = "Practice primary"
  home = "/opt/hcp"

  database {{
    url = "jdbc:postgresql://localhost:5432/hcp?ssl=false"   # moved to its own host? change it here
    user = hcp
    password = "d4t4base"
    pool-size = 16
  }}

  server {{
    name = ${{?HCP_NODE_NAME}}
    bind-address = "127.0.0.1"
    // gateways and local-storage clients connect to this port
    internal-tls-port = {port}

    tls {{
      protocols = ["TLSv1.2", "TLSv1.3"]
      # need: the peer must show a certificate
      client-authentication = need

      # Key store of this server, PKCS12. Empty: the built-in certificate.
      default-keystore-file = "{file}"
      default-keystore-password = "{password}"

      # default-keystore-file = "/opt/hcp/conf/example.pfx"
    }}
  }}

  jobs.retention = 7 days
  jobs.spool = ${{hcp.home}}"/spool"
}}

akka {{
  loglevel = "INFO"
  actor.provider = cluster
}}
"""

DEFAULTS_CONF = """\
# Shipped with the product; replaced by every upgrade.
hcp {
  locale = "en"
  server.tls.session-timeout = 24h
  jobs.retention = 3 days
}
"""

UNIT = """\
[Unit]
Description=Practice primary server
After=network.target

[Service]
Type=simple
User={user}
WorkingDirectory=/opt/hcp
ExecStart=/opt/hcp/jre/bin/java -jar /opt/hcp/lib/hcp-server.jar
Restart=no
RestartSec=100ms
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
"""

UNATTENDED = """\
# Answers for the unattended installation of a gateway.
HCP_PRIMARY_ADDRESS="primary-host"
HCP_ACCOUNT_DOMAIN="acme.example.test"
# HCP_DEFAULT_KEYSTORE="/opt/certs/example.pfx"
HCP_LOG_LEVEL=info
"""

ANSWERS = """\
# Everything that the wizard asks, for: cloudstream-wizard plan --answers answers.toml
schema = 1
goal = "set-up"

[primary]
kind = "on-premise"
host = "primary-host"
port = {port}
nodes = ["127.0.0.1"]
chain = ["certificates/primary-host.pfx"]
password = {{ file = "secrets/primary" }}
keystore-password = {{ file = "secrets/primary" }}
import-root = "auto"
cacerts-password = {{ value-is-default = true }}

[[gateway]]
host = "gateway-host"
chain = ["certificates/gateway-host.pfx"]
password = {{ file = "secrets/gateway" }}
keystore-password = {{ file = "secrets/gateway" }}
keystore-path = "/full/path/to/gateway-host.pfx"
truststore-path = "/full/path/to/acme-ca.pfx"
unattended-file = "unattended.conf"

[[client]]
host = "pcclient-host"
chain = ["certificates/pcclient-host.pfx"]
password = {{ file = "secrets/client" }}
local-storage = true
certificate-subject = "auto"

[account]
ocsp = "unchanged"
"""

README = """\
A practice deployment of a primary server. It changes nothing else on this machine.

  certificates/            what the PKI team sent; every password is in passwords.toml
  certificates/exercises/  faulty files, to see what the wizard reports about them
  opt/hcp/                 the product: conf/application.conf, jre/
  opt/hcp/data/portal/     simulates the web portal: CA files in trusted-ca/ are what was uploaded
  usr/bin/systemctl        starts and stops the practice primary as systemd would
  answers.toml             all answers, for a run without questions

Open it:        cloudstream-wizard --root {root} --systemctl {root}/usr/bin/systemctl
Start it:       {root}/usr/bin/systemctl start hcp-server
Test it:        openssl s_client -servername primary-host -connect {endpoint} </dev/null
Stop it:        {root}/usr/bin/systemctl stop hcp-server
"""

STAND_IN = """\
#!/bin/sh
# A substitute for {name}: starts and stops the practice primary of this folder, and nothing else.
exec {command} -- "$@"
"""

"""`status` for monitoring: first line, exit codes, limits, drift after a real change, further files."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.doctor_runs import NAME, Call, settle
from tests.support.exhaustive import exhaustive
from tests.support.practice import company, practice
from wizard.sandbox import truststore
from wizard.sandbox.build import upload
from wizard.sandbox.pki import CLIENT, pem, pfx


def test_ok_warning_critical_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        call = Call(made, capsys)
        code, out, _ = call("status", "--servername", NAME)
        first = out.splitlines()[0]
        assert code == 0
        assert first.startswith("CLOUDSTREAM TLS OK - primary-host is valid until ")
        # 'label'=value[UOM];warn;crit: below the number of days, as ranges of the Nagios plugin guidelines write it.
        assert re.fullmatch(r"days=39\d;30:;7:", first.rpartition("| ")[2])
        assert "then cut off: gateways and local-storage clients" in out
        assert call("status", "--warn", "500")[0] == 1
        assert call("status", "--warn", "900", "--critical", "500")[0] == 2
        told = call.json("status")
        assert told["schema"] == "cloudstream-wizard/status/1"
        assert told["state"] == "ok"
        assert [each["certificate"] for each in told["calendar"]] == [
            "primary-host",
            "Acme-CA-Intermediate",
            "Acme-CA-Root",
        ]
        first_to_end = told["calendar"][0]
        assert first_to_end["machines"] == ["this machine"]
        assert first_to_end["days"] == told["days"]
        assert first_to_end["ends"] == told["links"][0]["ends"]
        assert f"{first_to_end['ends'][:10]}   {first_to_end['days']} days  primary-host on this machine" in out
        assert {link["where"] for link in told["links"]} >= {"/opt/hcp/conf/primary-host.pfx"}
        figures = tmp_path / "tls.prom"
        for _ in range(2):
            assert call("status", "--prometheus", str(figures))[0] == 0
            values = {family.name: family for family in text_string_to_metric_families(figures.read_text())}
            assert values["cloudstream_tls_state"].samples[0].value == 0
            assert len(values["cloudstream_tls_not_after_timestamp_seconds"].samples) == 3
        assert {path.name for path in tmp_path.iterdir()} == {"x", "tls.prom"}
        code, out, _ = call("status", "--prometheus", str(tmp_path / "absent/tls.prom"))
        assert (code, out.split(" - ")[0]) == (3, "CLOUDSTREAM TLS UNKNOWN")
        assert "[status.not-written]" in out
        made.systemctl("stop")
        code, out, _ = call("status")
        assert code == 2
        assert "[doctor.service-stopped]" in out.splitlines()[0]
        code, out, _ = call("status", "--also", str(tmp_path / "nothing"))
        assert code == 3
        assert out.startswith("CLOUDSTREAM TLS UNKNOWN - ")


def test_a_machine_without_the_product_is_unknown_or_critical(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=False) as made:
        settle(made)
        code, out, _ = Call(made, capsys)("status")
        assert code == 3
        assert "no key store is configured" in out.splitlines()[0]


@exhaustive
def test_drift_after_a_real_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java="17", start=False, configured=False) as made:
        upload(made.deployment, company())
        settle(made)
        call = Call(made, capsys)
        done = call("apply", "--answers", str(made.root / "answers.toml"), "--yes")
        assert done[0] == 0, done
        assert call("status")[0] == 0
        conf = made.deployment.conf
        conf.write_text(conf.read_text() + "# a note\n")
        code, out, _ = call("status")
        assert code == 1
        assert "drift: /opt/hcp/conf/application.conf is not as change 0001" in out
        # An update of the product's Java brings a fresh cacerts.
        truststore.remove(made.deployment.cacerts, company().root.certificate, "changeit")
        code, out, _ = call("status")
        assert code == 2
        assert "no longer contains the root" in out
        told = call.json("doctor")
        assert told["root_causes"] == ["doctor.cacerts-replaced"]
        code, out, err = call("doctor", "--fix", "doctor.cacerts-replaced", "--yes")
        assert code == 0, out + err
        assert call.json("doctor")["root_causes"] == []


@exhaustive
def test_the_wait_for_the_upload_is_a_note_until_its_item_is_ticked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with practice(tmp_path / "x", java="17", start=False, configured=False) as made:
        settle(made)
        call = Call(made, capsys)
        done = call("apply", "--answers", str(made.root / "answers.toml"), "--yes")
        assert done[0] == 0, done
        code, out, _ = call("status")
        assert code == 0, out
        assert "note: the server does not name Acme-CA-Intermediate yet" in out
        assert "CLOUDSTREAM TLS OK" in out
        assert call("checklist", "--tick", "2")[0] == 0
        code, out, _ = call("status")
        assert code == 1, out
        assert "[doctor.ca-not-accepted]" in out.splitlines()[0]


def test_further_files_are_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soon = company().reissued("gateway-host", dns=["gateway-host"], eku=[CLIENT], days=(-300, 3))
    folder = tmp_path / "packs"
    folder.mkdir()
    pack = folder / "gateway-host"
    pack.mkdir()
    (folder / "portal").mkdir()
    (pack / "gateway.pem").write_bytes(pem(soon.certificate, *soon.issuers))
    (folder / "closed.pfx").write_bytes(pfx(soon, "another-password"))
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        code, out, _ = Call(made, capsys)("status", "--also", str(folder))
        assert code == 2
        assert "gateway-host" in out.splitlines()[0]
        assert out.splitlines()[-1].endswith("Acme-CA-Root on this machine, gateway-host")
        assert "closed.pfx" not in out

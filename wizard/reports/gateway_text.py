"""What is left to do when a gateway was set up on itself."""

from pathlib import PurePosixPath

from wizard.certificates.model import Chain
from wizard.reports import views
from wizard.reports.lines import Line, Tone


def left_to_do(
    chain: Chain, unattended: PurePosixPath, stores: tuple[PurePosixPath, ...], *, public: bool, cloud: bool
) -> list[Line]:
    """The rest of the work on this gateway and in the portal, in the order that keeps printing alive.

    Args:
        chain: of this gateway.
        unattended: its file.
        stores: where its stores lie.
        public: the chain ends in a root that every Java brings.
        cloud: no trust store was wanted, as for a primary in the vendor's cloud.
    """
    return [
        Line("On this gateway:", Tone.HEADING),
        Line("  Run the unattended installation as your version documents it, with"),
        Line(f"  {unattended}"),
        Line("  When the service has an account of its own, give it the stores:"),
        *(Line(f"    chown ACCOUNT {store}") for store in stores),
        Line("  How a gateway that is installed already takes new settings is not", Tone.FAINT),
        Line("  documented; the documented way is this installation.", Tone.FAINT),
        Line(""),
        *(views.cloud_lines() if cloud else []),
        *views.portal_lines(chain, public=public),
        Line("  See that this gateway is online before the policy is switched."),
        Line(""),
        *views.policy_lines(),
    ]

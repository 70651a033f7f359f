"""Enrols somebody's face from pictures: consent first, then a sealed template and two events, all or nothing."""

from __future__ import annotations

from pathlib import Path

from camera.enrol import template_from_pictures
from camera.errors import CameraError
from camera.other_encoder import open_encoder
from camera.pictures import picture_paths
from kiosk.config import Config
from kiosk.errors import EnrolmentRefusedError
from kiosk.mount import check_mount
from kiosk.store import Ledger
from kiosk.takeover import Proven
from kiosk.vault import Vault
from sync.clock import SystemClock


def enrol_from_pictures(config: Config, person: str, pictures: Path, *, consent: str, witness: str) -> int:
    """Return how many pictures the template is the mean of; it stands sealed in the ledger's file.

    `consent` is the version of the text that the person agreed to, `witness` who saw it: without them no face is
    looked at. Raises EnrolmentRefusedError with the reason.
    """
    if not consent.strip() or not witness.strip():
        raise EnrolmentRefusedError("no face is enrolled without a recorded consent and a witness")
    try:
        encoder = open_encoder(Path(config.recognition.encoder) if config.recognition.encoder else None)
        template = template_from_pictures(picture_paths(pictures), encoder)
    except (CameraError, OSError) as error:
        raise EnrolmentRefusedError(f"{person} was not enrolled: {error}") from error
    vault = Vault.at(config.state_dir / "vault.key")
    sealed = vault.seal(person, template.version, template.vector)
    check_mount(config.state_dir, simulated=config.hardware.simulated)
    ledger = Ledger(config.state_dir / "ledger.db", config.terminal.id, SystemClock(), Proven(config.state_dir))
    try:
        given = {"person": person, "hall": config.terminal.hall, "text_version": consent, "witness": witness}
        done = {"person": person, "hall": config.terminal.hall, "template_version": template.version,
                "shots": template.shots}  # fmt: skip
        ledger.enrol(person, template.version, sealed, [("consent.given", given), ("enrolment.completed", done)])
    finally:
        ledger.close()
    return template.shots

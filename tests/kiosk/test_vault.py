"""A template opens for its own person, version and terminal, and for nobody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kiosk.errors import EnrolmentRefusedError
from kiosk.vault import Vault
from sync.keys import KeyFileError

VECTOR = np.linspace(-1, 1, 128, dtype=np.float32)


def test_a_box_opens_to_the_same_vector(tmp_path: Path) -> None:
    sealed = Vault.at(tmp_path / "vault.key").seal("P1", "v1", VECTOR)
    assert np.array_equal(Vault.at(tmp_path / "vault.key").open("P1", "v1", sealed), VECTOR)


@pytest.mark.parametrize(("person", "version"), [("P2", "v1"), ("P1", "v2")])
def test_a_box_copied_to_another_person_or_version_does_not_open(tmp_path: Path, person: str, version: str) -> None:
    vault = Vault.at(tmp_path / "vault.key")
    with pytest.raises(EnrolmentRefusedError, match=person):
        vault.open(person, version, vault.seal("P1", "v1", VECTOR))


def test_a_box_copied_to_another_terminal_does_not_open(tmp_path: Path) -> None:
    sealed = Vault.at(tmp_path / "one.key").seal("P1", "v1", VECTOR)
    with pytest.raises(EnrolmentRefusedError):
        Vault.at(tmp_path / "two.key").open("P1", "v1", sealed)


def test_the_box_shows_nothing_of_the_vector(tmp_path: Path) -> None:
    sealed = Vault.at(tmp_path / "vault.key").seal("P1", "v1", VECTOR)
    assert VECTOR.tobytes()[:16] not in sealed


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    vault = Vault.at(tmp_path / "vault.key")
    sealed = vault.seal("P1", "v1", VECTOR[:4])
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(EnrolmentRefusedError):
            vault.open("P1", "v1", bytes(changed))


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Vault.at(tmp_path / "vault.key")
    (tmp_path / "vault.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        Vault.at(tmp_path / "vault.key")

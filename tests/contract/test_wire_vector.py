"""The wire to the byte: the published vector, made again here and sent to a real centre."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from scoring import ledger, tables
from scoring.app import create_app
from scoring.centre import open_centre
from sync import chain, wire
from sync.keys import SigningKey, verify, write_secret

VECTOR: dict[str, Any] = json.loads((Path(__file__).parent / "wire-vector.json").read_text())
LINES = [line.encode() for line in VECTOR["lines"]]
BODY = base64.b64decode(VECTOR["body"])
TERMINAL = SigningKey.from_seed(base64.b64decode(VECTOR["terminal_seed"]))
CENTRE = SigningKey.from_seed(base64.b64decode(VECTOR["centre_seed"]))
RECEIPT = VECTOR["receipt"]


def batch() -> wire.Batch:
    return wire.read_batch(RECEIPT["origin"], RECEIPT["epoch"], VECTOR["headers"], BODY)


def test_the_keys_are_those_of_the_seeds() -> None:
    assert TERMINAL.public_text == VECTOR["terminal_public_key"]
    assert CENTRE.public_text == VECTOR["centre_public_key"]


def test_the_chain_has_the_stated_hash_after_each_line() -> None:
    assert [made.hex() for made in chain.links(chain.GENESIS, LINES)] == VECTOR["hashes"]


def test_the_terminal_signs_exactly_the_stated_text() -> None:
    assert batch().signed_text() == VECTOR["signed_text"].encode()
    assert TERMINAL.sign(batch().signed_text()) == VECTOR["headers"]["X-Signature"]


def test_the_stated_batch_opens_to_the_stated_lines() -> None:
    lines, hashes = wire.open_batch(batch(), VECTOR["terminal_public_key"])
    assert lines == LINES
    assert [made.hex() for made in hashes] == VECTOR["hashes"]


def test_the_centre_signs_exactly_the_stated_receipt() -> None:
    assert wire.receipt_text(RECEIPT) == VECTOR["receipt_signed_text"].encode()
    assert CENTRE.sign(wire.receipt_text(RECEIPT)) == RECEIPT["signature"]
    verify(VECTOR["centre_public_key"], RECEIPT["signature"], wire.receipt_text(RECEIPT))


@pytest.mark.parametrize("times", [1, 2])
def test_a_centre_answers_the_stated_batch_with_the_stated_receipt(tmp_path: Path, times: int) -> None:
    write_secret(tmp_path / "centre.key", base64.b64decode(VECTOR["centre_seed"]))
    received_at = datetime(2026, 10, 8, 1, 1, 11, tzinfo=UTC)
    centre = open_centre(f"sqlite:///{tmp_path / 'centre.db'}", now=lambda: received_at)
    enrolled = {
        "origin": RECEIPT["origin"],
        "hall": "gaogou",
        "public_key": VECTOR["terminal_public_key"],
        "alg": "ed25519",
        "serial": "1",
        "enrolled_at": "2026-10-01T00:00:00.000+08:00",
    }
    with centre.store.writing() as connection:
        connection.execute(insert(tables.terminal).values(enrolled))
    client = create_app(centre).test_client()
    path = f"/v1/t/{RECEIPT['origin']}/e/{RECEIPT['epoch']}/batches"
    for _ in range(times):
        answer = client.post(path, data=BODY, headers=VECTOR["headers"])
    assert answer.status_code == 200
    assert answer.get_json()["receipt"] == RECEIPT
    assert (answer.get_json()["ack"], answer.get_json()["ack_hash"]) == (3, VECTOR["hashes"][-1])
    assert list(ledger.exported(centre.store)) == LINES
    centre.store.close()

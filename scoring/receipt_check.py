"""Whether a receipt holds: its bytes and the centre's public key enter, what it proves leaves. Pure; asks nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scoring.errors import CommandError
from sync import chain, merkle
from sync.checkpoint import Checkpoint, CheckpointError, hex_hash, line_leaf, read_checkpoint, whole
from sync.errors import EnvelopeError, SignatureRejectedError
from sync.events import parse_event


def check_receipt(content: bytes, server_key: str) -> list[str]:
    """Return what a receipt proves, in sentences; CommandError with the reason where it proves nothing.

    `server_key` is the centre's public key (base64) from a source of one's own: the receipt's is not looked at.
    """
    try:
        said = json.loads(content)
        if not isinstance(said, dict):
            raise CommandError("a receipt is a JSON object")
        checkpoint = read_checkpoint(said.get("checkpoint"))
        checkpoint.check(server_key)
        leaf = _leaf_of_line(said) if "line" in said else bytes.fromhex(hex_hash(said, "leaf"))
        _check_inclusion(said, leaf, checkpoint)
    except SignatureRejectedError as error:
        raise CommandError("the checkpoint does not bear the signature of this key: this proves nothing") from error
    except (CheckpointError, EnvelopeError, ValueError, TypeError) as error:
        raise CommandError(f"the receipt proves nothing: {error}") from error
    told = [f"holds: event {said.get('event')} is under checkpoint {checkpoint.number} of {checkpoint.at}"]
    if "line" not in said:
        return [*told, "its content is not shown: whoever has the line can compute the leaf, and compare"]
    verdict = "it counts" if said["counts"] else "it is quarantined and counts for nothing"
    return [*told, f"it is line {said['seq']} of {said['origin']}/{said['epoch']}; {verdict}", str(said["line"])]


def _leaf_of_line(said: Mapping[str, Any]) -> bytes:
    """Return the leaf that a receipt's own line gives at the place which it states."""
    line = str(said["line"]).encode()
    line_hash = chain.link(bytes.fromhex(hex_hash(said, "previous")), line)
    if line_hash.hex() != said.get("hash"):
        raise CheckpointError("the line does not give the hash beside it")
    counts, received_at = said.get("counts"), said.get("received_at")
    if not isinstance(counts, bool) or not isinstance(received_at, str):
        raise CheckpointError("counts is not true or false, or received_at no text")
    event, seq = parse_event(line), whole(said, "seq", least=1)
    if event.id != said.get("event"):
        raise CheckpointError(f"the line is that of event {event.id}")
    if counts and (event.origin, event.epoch, event.seq) != (said.get("origin"), said.get("epoch"), seq):
        raise CheckpointError("the line names another place than the receipt")
    return line_leaf(str(said["origin"]), str(said["epoch"]), seq, line_hash, received_at, counts=counts)


def _check_inclusion(said: Mapping[str, Any], leaf: bytes, checkpoint: Checkpoint) -> None:
    steps = said.get("proof")
    if not isinstance(steps, list):
        raise CheckpointError("proof is not a list")
    proof = [bytes.fromhex(str(step)) for step in steps]
    root = bytes.fromhex(checkpoint.log_root)
    if not merkle.verify_inclusion(leaf, whole(said, "index"), checkpoint.lines, proof, root):
        raise CheckpointError("the proof does not lead to the checkpoint's root")

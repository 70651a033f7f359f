"""The calls for checkpoints: anybody may read one, signed as it is. Requests enter, checkpoints leave."""

from __future__ import annotations

from flask import Response

from scoring import tiles
from scoring.answers import answer, centre
from scoring.errors import Refusal, StoreAlteredError
from scoring.wire import MAX_SEQ, whole_argument, wire
from sync import merkle
from sync.checkpoint import Checkpoint


@wire.get("/checkpoints/latest")
def latest_checkpoint() -> Response:
    """Return the newest checkpoint; with `from=N` also the proof that it covers all that checkpoint N covers."""
    found = centre().checkpoints.latest()
    if found is None:
        raise Refusal(404, "no_checkpoint", "there is no checkpoint yet: the first is made soon after the first line")
    return _told(found)


@wire.get("/checkpoints/<int:number>")
def numbered_checkpoint(number: int) -> Response:
    """Return the checkpoint of a number, as above."""
    found = centre().checkpoints.at(number) if number <= MAX_SEQ else None
    if found is None:
        raise Refusal(404, "no_checkpoint", f"there is no checkpoint {number} here")
    return _told(found)


def _told(found: Checkpoint) -> Response:
    held = whole_argument("from")
    if not held:
        return answer(**found.as_json())
    older = centre().checkpoints.at(held) if held <= MAX_SEQ else None
    proof = None if older is None or older.lines > found.lines else _consistency(older.lines, found.lines)
    return answer(**found.as_json(), consistency=proof)


def _consistency(first: int, second: int) -> list[str] | None:
    if first == 0:
        return []
    with centre().store.reading() as connection:
        nodes = tiles.stored_nodes(connection)
        try:
            return [step.hex() for step in merkle.consistency_proof(first, second, nodes)]
        except StoreAlteredError:  # then nothing can be proven, and that is what the terminal has to hear
            return None

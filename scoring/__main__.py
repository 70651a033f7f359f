"""The centre's commands. Arguments enter, lines and an exit code leave; a bad input is one line on standard error."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scoring.errors import ScoringError
from sync.errors import SyncError

_OK, _FAILED, _USAGE = 0, 1, 2


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command of this room."""
    parser = argparse.ArgumentParser(prog="python -m scoring", description="The central service: ledger, API, pages.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands)
    replay = commands.add_parser("replay", help="what a ledger says of a month or a year", add_help=False)
    replay.add_argument("arguments", nargs=argparse.REMAINDER)
    what_if = commands.add_parser("what-if", help="past months under other rules", add_help=False)
    what_if.add_argument("arguments", nargs=argparse.REMAINDER)
    notice = commands.add_parser("calendar-notice", help="the yearly notice of holidays as events", add_help=False)
    notice.add_argument("arguments", nargs=argparse.REMAINDER)
    export = commands.add_parser("export", help="the ledger as NDJSON, byte for byte as it was born")
    _add_database(export)
    move = commands.add_parser("migrate-store", help="move a whole store into an empty one, SQLite or PostgreSQL")
    move.add_argument("--from", dest="source", required=True, metavar="URL", help="the store that is")
    move.add_argument("--to", dest="target", required=True, metavar="URL", help="a new file or an empty database")
    move.add_argument("--again", action="store_true", help="empty what an interrupted move left there, and begin anew")
    _add_proofs(commands)
    _add_client_commands(commands)
    return parser


def _add_proofs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verify = commands.add_parser("verify", help="whether a database is what the centre signed")
    _add_database(verify)
    verify.add_argument("--roots", type=Path, nargs="+", default=[], metavar="FILE", help="what terminals hold")
    verify.add_argument("--key", metavar="PUBLIC", help="the centre's public key, base64")
    verify.add_argument("--state", type=Path, help="folder of the centre's key (beside the SQLite file)")
    receipt = commands.add_parser("check-receipt", help="whether a receipt holds, without any centre")
    receipt.add_argument("file", type=Path, metavar="FILE", help="the receipt, JSON")
    receipt.add_argument("--key", required=True, metavar="PUBLIC", help="the centre's public key, base64")


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = commands.add_parser("serve", help="serve terminals and pages")
    _add_database(serve)
    serve.add_argument("--port", type=_port, required=True)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serve.add_argument("--state", type=Path, help="folder of the key and the token (beside the SQLite file)")
    serve.add_argument("--heartbeat-s", type=_seconds, default=30.0, help="how often terminals report (30)")


def _add_client_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    record = commands.add_parser("record", help="append acts of the centre from NDJSON lines {type, data}")
    _add_centre(record)
    record.add_argument("--actor", required=True, help="who does it")
    record.add_argument("file", metavar="FILE", help="NDJSON, - for standard input")
    code = commands.add_parser("enrol-code", help="print a one-time code that lets one terminal in")
    _add_centre(code)
    code.add_argument("--origin", required=True, help="the terminal's id")
    code.add_argument("--hall", required=True)
    code.add_argument("--minutes", type=int, default=60, help="how long the code is valid (60)")
    pin = commands.add_parser("set-pin", help="set somebody's PIN, read from standard input")
    _add_centre(pin)
    pin.add_argument("--person", required=True)
    terminals = commands.add_parser("terminals", help="print each terminal, its hall and its last contact")
    _add_centre(terminals)
    revoke = commands.add_parser("revoke", help="shut a terminal out")
    _add_centre(revoke)
    revoke.add_argument("--origin", required=True, help="the terminal's id")


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", required=True, help="sqlite:///FILE or postgresql://USER@HOST/NAME")


def _add_centre(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--centre", required=True, help="the centre's address, such as http://127.0.0.1:8000")
    parser.add_argument("--token-file", type=Path, required=True, help="the centre's admin.token")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):  # noqa: PLR2004 (the highest port)
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:  # noqa: PLR2004 (a terminal is waited for by the hour at most)
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0.1 to 3600")
    return seconds


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 refused with the reason, 2 wrongly asked."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["replay"]:
        from scoring.replay import main as replay  # noqa: PLC0415 (the other commands need no rules)

        return replay(words[1:])
    if words[:1] == ["what-if"]:
        from scoring.what_if import main as what_if  # noqa: PLC0415

        return what_if(words[1:])
    if words[:1] == ["calendar-notice"]:
        from scoring.calendar_notice import main as calendar_notice  # noqa: PLC0415

        return calendar_notice(words[1:])
    asked = build_parser().parse_args(words)
    try:
        return _COMMANDS[asked.command](asked)
    except (ScoringError, SyncError, OSError) as error:
        print(f"scoring {asked.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return 130


def _serve(asked: argparse.Namespace) -> int:
    from scoring.serving import Settings, serve  # noqa: PLC0415 (export and the clients start without a server)

    serve(Settings(asked.database, asked.host, asked.port, asked.state, asked.heartbeat_s))
    return _OK


def _export(asked: argparse.Namespace) -> int:
    from scoring.ledger import exported  # noqa: PLC0415
    from scoring.store import open_reader  # noqa: PLC0415

    store = open_reader(asked.database)
    try:
        for line in exported(store):
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: no second complaint
    finally:
        store.close()
    return _OK


def _migrate_store(asked: argparse.Namespace) -> int:
    from scoring.migrate_store import migrate_store  # noqa: PLC0415

    moved = migrate_store(asked.source, asked.target, again=asked.again)
    print(
        f"moved and verified: {moved.rows['event']} lines in {moved.chains} chains; export sha256 {moved.export_sha256}"
    )
    print("; ".join(f"{name} {count}" for name, count in sorted(moved.rows.items())))
    print("start the server with --database of the new store and --state of the old one; keep the old store unused")
    return _OK


def _verify(asked: argparse.Namespace) -> int:
    from scoring import verify  # noqa: PLC0415
    from scoring.centre import default_state  # noqa: PLC0415
    from scoring.store import open_reader  # noqa: PLC0415

    held = [found for path in asked.roots for found in verify.read_roots(path)]
    key = asked.key or verify.public_key_in(asked.state or default_state(asked.database))
    store = open_reader(asked.database)
    try:
        report = verify.verify(store, held, key)
    finally:
        store.close()
    for line in verify.told(report, key):
        print(line)
    return _OK if report.is_sound else _FAILED


def _check_receipt(asked: argparse.Namespace) -> int:
    from scoring.receipt_check import check_receipt  # noqa: PLC0415

    for line in check_receipt(asked.file.read_bytes(), asked.key):
        print(line)
    return _OK


def _record(asked: argparse.Namespace) -> int:
    from scoring import client  # noqa: PLC0415

    text = sys.stdin.buffer.read() if asked.file == "-" else Path(asked.file).read_bytes()
    for written in client.record(_link(asked), asked.actor, text):
        print(written["id"])
    return _OK


def _enrol_code(asked: argparse.Namespace) -> int:
    from scoring import client  # noqa: PLC0415

    wanted = {"origin": asked.origin, "hall": asked.hall, "minutes": asked.minutes}
    print(client.post(_link(asked), "/v1/centre/enrol-codes", wanted)["code"])
    return _OK


def _set_pin(asked: argparse.Namespace) -> int:
    from scoring import client  # noqa: PLC0415

    wanted = {"person": asked.person, "pin": sys.stdin.readline().strip()}
    client.post(_link(asked), "/v1/centre/pins", wanted)
    return _OK


def _terminals(asked: argparse.Namespace) -> int:
    from scoring import client  # noqa: PLC0415

    for terminal in client.get(_link(asked), "/v1/centre/terminals")["terminals"]:
        print(json.dumps(terminal, ensure_ascii=False))
    return _OK


def _revoke(asked: argparse.Namespace) -> int:
    from scoring import client  # noqa: PLC0415

    client.post(_link(asked), "/v1/centre/revocations", {"origin": asked.origin})
    return _OK


def _link(asked: argparse.Namespace) -> tuple[str, str]:
    return asked.centre.rstrip("/"), asked.token_file.read_text().strip()


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "export": _export,
    "migrate-store": _migrate_store,
    "verify": _verify,
    "check-receipt": _check_receipt,
    "record": _record,
    "enrol-code": _enrol_code,
    "set-pin": _set_pin,
    "terminals": _terminals,
    "revoke": _revoke,
}

if __name__ == "__main__":
    sys.exit(main())

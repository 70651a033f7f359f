"""`python -m kiosk`: runs one terminal, enrols it, and speaks to it from the same machine."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from kiosk import control
from kiosk.config import Config, load_config
from kiosk.errors import KioskError

_NO_VISIT = 3


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; docs/commands.md lists them."""
    parser = argparse.ArgumentParser(prog="python -m kiosk", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "run": "run the terminal until it is told to stop",
        "enrol": "make this terminal known to the centre with a one-time code",
        "rotate-key": "put a new signing key in the place of this terminal's own, at the centre and here",
        "enrol-face": "enrol somebody's face from a folder of pictures",
        "ask": "open a visit at a window as the clerk would; prints its id",
        "press": "press a simulated button; prints the id of the committed rating",
        "export": "print the terminal's ledger as NDJSON",
        "checkpoints": "print the centre's checkpoints that this terminal holds, as NDJSON",
    }
    parsers = {name: commands.add_parser(name, help=text, description=text) for name, text in helps.items()}
    for each in parsers.values():
        each.add_argument("--config", type=Path, required=True, help="the terminal's TOML file")
    parsers["enrol"].add_argument("--code", required=True, help="the one-time code made at the centre")
    parsers["enrol"].add_argument("--serial", default="", help="the box's serial number, for the centre's list")
    parsers["enrol-face"].add_argument("--person", required=True, help="the person's id in the roster")
    parsers["enrol-face"].add_argument("--pictures", type=Path, required=True, help="a folder of pictures of one face")
    parsers["enrol-face"].add_argument(
        "--consent", required=True, help="the version of the consent text that was signed"
    )
    parsers["enrol-face"].add_argument("--witness", required=True, help="who saw the consent being given")
    for name in ("ask", "press"):
        parsers[name].add_argument("--window", required=True, help="the window's id in the configuration")
    for name in ("ticket", "case-number", "task-code"):
        parsers["ask"].add_argument(f"--{name}", help="as the queue or case system gave it")
    parsers["press"].add_argument("--grade", type=int, required=True, choices=range(1, 6), help="5 best … 1 worst")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Return the exit code of one command; what went wrong stands on standard error in one line."""
    arguments = build_parser().parse_args(argv)
    try:
        config = load_config(arguments.config)
        acts = {
            "run": _run,
            "enrol": _enrol,
            "rotate-key": _rotate_key,
            "enrol-face": _enrol_face,
            "ask": _ask,
            "press": _press,
            "export": _export,
            "checkpoints": _checkpoints,
        }
        return acts[arguments.command](config, arguments)
    except (KioskError, OSError) as error:
        print(f"kiosk: {error}", file=sys.stderr)
        return 1


def _run(config: Config, _: argparse.Namespace) -> int:
    from kiosk.running import run  # noqa: PLC0415 (the other commands start without a camera's libraries)

    return run(config)


def _enrol(config: Config, arguments: argparse.Namespace) -> int:
    from kiosk.identity import enrol  # noqa: PLC0415

    identity = enrol(config, arguments.code, arguments.serial or os.uname().nodename)
    print(f"{identity.origin} in {identity.hall}")
    return 0


def _rotate_key(config: Config, _: argparse.Namespace) -> int:
    from kiosk.keyring import rotate  # noqa: PLC0415

    print(rotate(config))
    return 0


def _enrol_face(config: Config, arguments: argparse.Namespace) -> int:
    from kiosk.enrolment import enrol_from_pictures  # noqa: PLC0415

    shots = enrol_from_pictures(
        config, arguments.person, arguments.pictures, consent=arguments.consent, witness=arguments.witness
    )
    print(f"{arguments.person}: template of {shots} pictures")
    return 0


def _ask(config: Config, arguments: argparse.Namespace) -> int:
    fields = {
        "window": arguments.window,
        "ticket": arguments.ticket,
        "case_number": arguments.case_number,
        "task_code": arguments.task_code,
    }
    status, answer = control.call(config, "ask", fields)
    return _say(status, answer.get("visit"), answer, 1)


def _press(config: Config, arguments: argparse.Namespace) -> int:
    status, answer = control.call(config, "press", {"window": arguments.window, "grade": arguments.grade})
    refused = _NO_VISIT if answer.get("refusal") == "no_visit" else 1
    return _say(status, answer.get("id"), answer, refused)


def _say(status: int, identity: object, answer: dict[str, object], refused: int) -> int:
    if status == 200 and identity:  # noqa: PLR2004
        print(identity)
        return 0
    print(f"kiosk: {answer.get('message', status)}", file=sys.stderr)
    return refused


def _export(config: Config, _: argparse.Namespace) -> int:
    from kiosk.export import exported_lines, removed_before  # noqa: PLC0415

    path = config.state_dir / "ledger.db"
    for line in exported_lines(path):
        sys.stdout.buffer.write(line + b"\n")
    for epoch, first in removed_before(path):
        print(f"kiosk: epoch {epoch} begins here at line {first}: older ones arrived long ago", file=sys.stderr)
    return 0


def _checkpoints(config: Config, _: argparse.Namespace) -> int:
    from kiosk.checkpoints import FILE, kept_checkpoints  # noqa: PLC0415

    for kept in kept_checkpoints(config.state_dir / FILE):
        print(json.dumps({"terminal": config.terminal.id, **kept}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

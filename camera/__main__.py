"""The commands of this room: arguments enter, lines on standard output leave."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from camera.encode import DlibEncoder
from camera.errors import CameraError
from camera.identify import Answer, Identifier


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m camera`."""
    parser = argparse.ArgumentParser(prog="python -m camera", description="Face recognition on pictures.")
    commands = parser.add_subparsers(dest="command", required=True)
    identify = commands.add_parser(
        "identify",
        help="name the people on photographs",
        description="Compare each probe with the people of the gallery and print one line for it.",
    )
    identify.add_argument(
        "--gallery", type=_folder, required=True, metavar="DIR", help="DIR/<person>/*.jpg, the people to know"
    )
    identify.add_argument(
        "--probes",
        type=_folder,
        required=True,
        metavar="DIR",
        help="DIR/<person>/*.jpg, the pictures to name",
    )
    identify.add_argument("--json", action="store_true", help="print one JSON object a line")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Return 0 once every probe has its line, 1 (reason on standard error) when recognition cannot start."""
    options = build_parser().parse_args(arguments)
    try:
        return _identify(options.gallery, options.probes, as_json=options.json)
    except CameraError as error:
        print(f"camera: {error}", file=sys.stderr)
        return 1


def _identify(gallery: Path, probes: Path, *, as_json: bool) -> int:
    identifier = Identifier(DlibEncoder())
    enrolled = identifier.enrol(gallery, lambda text: print(text, file=sys.stderr))
    for answer in identifier.answers(enrolled, probes):
        print(json.dumps(asdict(answer), ensure_ascii=False) if as_json else _line(answer), flush=True)
    return 0


def _line(answer: Answer) -> str:
    named = answer.person or f"nobody ({answer.reason})"
    nearest = "" if answer.best is None else f", nearest {answer.best} {answer.score:.3f}"
    return f"{answer.probe}: {named}{nearest}"


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


if __name__ == "__main__":
    sys.exit(main())

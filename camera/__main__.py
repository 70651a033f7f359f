"""The commands of this room: arguments enter, lines on standard output leave."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from camera import measures
from camera.errors import CameraError
from camera.identify import Answer, Identifier
from camera.models import dlib_graph_path
from camera.other_encoder import open_encoder


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m camera`."""
    parser = argparse.ArgumentParser(prog="python -m camera", description="Face recognition on pictures.")
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_add_identify, _add_evaluate, _add_calibrate, _add_doctor, _add_prepare):
        add(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Return 0 once the command has done its work, 1 (reason on standard error) when it cannot."""
    options = build_parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except CameraError as error:
        print(f"camera: {error}", file=sys.stderr)
        return 1


def _add_identify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    _add_encoder(identify)
    identify.set_defaults(run=_identify)


def _add_prepare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    prepare = commands.add_parser(
        "prepare",
        help="make the encoder's graph",
        description="Make the encoder's graph of the installed weights where it is missing, and print where it lies.",
    )
    prepare.set_defaults(run=_prepare)


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="measure how well people are told apart",
        description="Compare the pictures of many people with each other and print how often they are confused.",
    )
    evaluate.add_argument("folder", type=_folder, metavar="DIR", help="DIR/<person>/*.jpg, at any depth")
    evaluate.add_argument("--groups", type=Path, metavar="FILE", help="whose group is which: name, or name TAB group")
    evaluate.add_argument("--roster", type=int, default=0, metavar="N", help="how many people to enrol; 0: all")
    evaluate.add_argument("--shots", type=int, default=3, metavar="N", help="pictures a person is enrolled with")
    evaluate.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the ROC and DET curves there")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    _add_encoder(evaluate)
    evaluate.set_defaults(run=measures.evaluate)


def _add_calibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    calibrate = commands.add_parser(
        "calibrate",
        help="find the threshold for one hall's staff",
        description="Estimate how many strangers would be accepted and how many of these staff refused.",
    )
    calibrate.add_argument("folder", type=_folder, metavar="DIR", help="DIR/<person>/*.jpg, two shots each or more")
    calibrate.add_argument(
        "--strangers", type=float, default=0.01, metavar="SHARE", help="of strangers accepted: 0.05, 0.01 or 0.001"
    )
    calibrate.add_argument("--write", type=Path, metavar="FILE", help="keep the threshold where a terminal reads it")
    calibrate.add_argument("--json", action="store_true", help="print one JSON object")
    _add_encoder(calibrate)
    calibrate.set_defaults(run=measures.calibrate)


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="see what the camera sees, and what to do about it",
        description="Look at a camera for some seconds; say, in Chinese, what spoils recognition and what helps.",
    )
    doctor.add_argument("--source", metavar="TEXT", help="as [camera] source in the settings; by default the first")
    doctor.add_argument("--seconds", type=float, default=5.0, metavar="S", help="how long to look")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    doctor.set_defaults(run=measures.doctor)


def _add_encoder(command: argparse.ArgumentParser) -> None:
    command.add_argument("--encoder", type=Path, metavar="FILE", help="description of another encoder than dlib's")


def _identify(options: argparse.Namespace) -> int:
    identifier = Identifier(open_encoder(options.encoder))
    enrolled = identifier.enrol(options.gallery, lambda text: print(text, file=sys.stderr))
    for answer in identifier.answers(enrolled, options.probes):
        print(json.dumps(asdict(answer), ensure_ascii=False) if options.json else _line(answer), flush=True)
    return 0


def _prepare(_options: argparse.Namespace) -> int:
    open_encoder(None)
    print(dlib_graph_path())
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

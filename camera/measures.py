"""The commands that measure, `evaluate` and `calibrate`: options enter, a table or one JSON object leaves."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from camera.calibrate import Calibrated, calibrated, calibration_to_json
from camera.curves import draw_curves
from camera.doctor import Checkup, advice, cameras_here, examined
from camera.errors import EvaluationError
from camera.evaluate import (
    LEAST_IN_COHORT,
    Identification,
    Pictures,
    Verification,
    identification,
    read_people,
    verification,
)
from camera.figures import Share
from camera.identify import Identifier
from camera.other_encoder import open_encoder
from camera.reasons import Reason
from camera.sources import open_source
from camera.templates import Encoder

NO_CAMERA = "v4l2:/dev/video0"


def evaluate(options: argparse.Namespace) -> int:
    """Print what an evaluation of `options.folder` finds, and return 0; raise CameraError saying why not."""
    encoder = open_encoder(options.encoder)
    groups = read_groups(options.groups) if options.groups else {}
    pictures = read_people(options.folder, encoder, groups, _complain)
    pairs = _verified(pictures, groups)
    named = _identified(pictures, encoder, groups, options)
    if options.plots:
        for path in draw_curves(pairs, options.plots):
            _complain(f"drawn: {path}")
    report = {
        "encoder": encoder.version,
        "pictures": len(pictures.people),
        "without_face": pictures.without_face,
        "people": len(set(pictures.people)),
        "verification": {name: _plain(each) for name, each in pairs.items()},
        "identification": {name: _plain(each) for name, each in named.items()},
    }
    print(json.dumps(report, ensure_ascii=False) if options.json else _table(report))  # noqa: T201
    return 0


def calibrate(options: argparse.Namespace) -> int:
    """Print the threshold for the staff in `options.folder` and what it costs, and return 0; raise CameraError."""
    encoder = open_encoder(options.encoder)
    enrolled = Identifier(encoder).enrol(options.folder, _complain)
    shots = {person: list(vectors.values()) for person, vectors in enrolled.items()}
    found = calibrated(shots, encoder, target=options.strangers)
    if options.write:
        write_whole(options.write, calibration_to_json(found))
    print(calibration_to_json(found) if options.json else _calibration_text(found))  # noqa: T201
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Print what the camera shows and what to do; return 0 where recognition can work like this, else 2."""
    here = cameras_here()
    name = options.source or (here[0] if here else NO_CAMERA)
    with open_source(name) as source:
        found = examined(source, options.seconds)
    findings = advice(found)
    if options.json:
        said = {"source": name, "cameras": here, **vars(found), "findings": [vars(each) for each in findings]}
        print(json.dumps(said, ensure_ascii=False))  # noqa: T201
    else:
        print(_checkup_text(name, found, [each.said for each in findings]))  # noqa: T201
    return 2 if any(each.serious for each in findings) else 0


def _checkup_text(name: str, found: Checkup, findings: list[str]) -> str:
    face = "没有人脸"
    if found.eye_distance_px is not None:
        face = (
            f"有人脸的画面 {found.with_face:.0%}，眼距 {found.eye_distance_px:.0f} 像素，"
            f"脸部亮度 {found.face_brightness:.0f}，清晰度 {found.face_sharpness:.0f}"
        )
    lines = [
        f"摄像头 {name}",
        f"画面 {found.width_px}×{found.height_px}，每秒 {found.frames_per_s:.1f} 帧",
        f"亮度 {found.picture_brightness:.0f}",
        face,
        *(f"{Reason(reason).message}（{count} 帧）" for reason, count in found.faults.items()),
        "",
        *(f"→ {each}" for each in findings),
    ]
    return "\n".join(lines)


def write_whole(path: Path, text: str) -> None:
    """Write the file whole or not at all; raise EvaluationError where it cannot be written."""
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise EvaluationError(f"{path} cannot be written ({error.strerror}); name another place") from error


def _calibration_text(found: Calibrated) -> str:
    made = found.calibration
    rows = (
        ("this threshold", found.strangers, found.refused),
        ("shipped threshold", found.shipped_strangers, found.shipped_refused),
    )
    lines = [f"{made.people} people, {made.judged_by}: accept below {made.accept_below:.4f}", ""]
    lines += ["                         strangers accepted       staff refused, one frame"]
    lines += [f"{name:24} {_percent(vars(strangers))}   {_percent(vars(refused))}" for name, strangers, refused in rows]
    return "\n".join(lines)


def read_groups(path: Path) -> dict[str, str]:
    """Return each person's group: a line is a name alone (group `listed`), or a name, a tab and a group.

    Raise EvaluationError where the list cannot be read.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"the list of groups {path} cannot be read: {error}") from error
    return {line.split("\t")[0]: [*line.split("\t"), "listed"][1] for line in lines if line}


def _verified(pictures: Pictures, groups: dict[str, str]) -> dict[str, Verification]:
    found = {}
    sets = {"all": pictures} | {group: pictures.of_group(group) for group in _groups_present(pictures, groups)}
    for name, each in sets.items():
        found[name] = verification(each, cohort=False)
        if len(set(each.people)) >= LEAST_IN_COHORT:
            found[f"{name}, cohort"] = verification(each, cohort=True)
    return found


def _identified(
    pictures: Pictures, encoder: Encoder, groups: dict[str, str], options: argparse.Namespace
) -> dict[str, Identification]:
    found = {"all": identification(pictures, encoder, roster=options.roster, shots=options.shots)}
    for group in _groups_present(pictures, groups):
        try:
            found[group] = identification(pictures.of_group(group), encoder, roster=options.roster, shots=options.shots)
        except EvaluationError as error:
            _complain(f"no identification within the group {group}: {error}")
    return found


def _groups_present(pictures: Pictures, groups: dict[str, str]) -> list[str]:
    """Return the groups that people of the pictures belong to, none where no list was given."""
    return sorted(set(pictures.groups.tolist())) if groups else []


def _plain(found: Verification | Identification) -> dict[str, Any]:
    """Return a finding as JSON has it: without the distances of single pairs, shares as lists."""
    return {name: _plain_value(value) for name, value in vars(found).items() if name not in {"same", "other"}}


def _plain_value(value: Any) -> Any:  # noqa: ANN401 - a field of a finding
    if isinstance(value, Share):
        return {"value": value.value, "low": value.low, "high": value.high, "trials": value.trials}
    return {key: _plain_value(each) for key, each in value.items()} if isinstance(value, dict) else value


def _table(report: dict[str, Any]) -> str:
    lines = [
        report["encoder"],
        f"{report['pictures']} pictures of {report['people']} people, {report['without_face']} without a face",
        "",
        "pairs                    accuracy   accepted at 1e-2         accepted at 1e-3",
    ]
    for name, each in report["verification"].items():
        accuracy = "-" if each["best_accuracy"] is None else f"{each['best_accuracy']:.2%}"
        lines.append(
            f"{name:24} {accuracy:>8}   " + "   ".join(_percent(each["accepted"][r]) for r in ("0.01", "0.001"))
        )
    lines += ["", "roster                   identified               as somebody else         strangers accepted"]
    for name, each in report["identification"].items():
        shares = [_percent(each[key]) for key in ("identified", "as_another", "strangers")]
        lines.append(f"{name + ', ' + str(each['roster']):24} " + "   ".join(shares))
    lines += ["", "roster                   identified at 1% strangers   at 0.1%"]
    for name, each in report["identification"].items():
        shares = [_percent(each["at_rate"][rate]) for rate in ("0.01", "0.001")]
        lines.append(f"{name + ', ' + str(each['roster']):24} " + "   ".join(shares))
    return "\n".join(lines)


def _percent(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return f"{'-':22}"
    return f"{share['value']:6.1%} ({share['low']:.1%}–{share['high']:.1%})".ljust(22)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201

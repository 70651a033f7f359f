"""Looks at a camera for some seconds and says what to do: frames enter, findings in Chinese leave.

Nothing is recorded. What is judged is what recognition later needs: enough light, sharpness, pace, and a face.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from camera.align import aligned
from camera.detect import Detector
from camera.frames import Frame, FrameSource
from camera.quality import TERMINAL, QualityLimits, brightness, first_fault, sharpness
from camera.reasons import Reason

LEAST_FRAMES_PER_S = 5.0
LEAST_WIDTH_PX = 640
LEAST_PICTURE_BRIGHTNESS = 50.0
BACKLIGHT = 60.0
"""The picture is so much brighter than the face: a window or a lamp stands behind."""
CLIPPED = 250
MOST_CLIPPED = 0.2
PAUSE_S = 0.01


@dataclass(frozen=True)
class Checkup:
    """What was seen: medians over the frames; what concerns a face is None where none was found.

    Brightness 0 to 255, `clipped` the share of white pixels, distances in pixels of the frame.
    """

    frames: int
    frames_per_s: float
    width_px: int
    height_px: int
    picture_brightness: float
    clipped: float
    with_face: float
    eye_distance_px: float | None
    face_brightness: float | None
    face_sharpness: float | None
    faults: dict[str, int]


@dataclass(frozen=True)
class Finding:
    """One sentence of advice; `serious` where recognition will not work like this."""

    serious: bool
    said: str


def examined(
    source: FrameSource,
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Checkup:
    """Return what the camera shows in that time; raise CameraLostError where it is lost."""
    detector, began_s = Detector(), clock()
    seen: list[_Seen] = []
    while clock() - began_s < seconds:
        frame = source.read()
        if frame is None:
            pause(PAUSE_S)
        else:
            seen.append(_seen(frame, detector))
    return _summed(seen, clock() - began_s)


def advice(checkup: Checkup, limits: QualityLimits = TERMINAL) -> list[Finding]:
    """Return what to do, the serious first; one finding that all is well where nothing is to be done."""
    if not checkup.frames:
        return [Finding(serious=True, said="摄像头没有画面：请检查连接线，或换一个接口")]
    said = [
        (checkup.width_px < LEAST_WIDTH_PX, False, "画面太小：请把摄像头设为 640×480 或更大"),
        (checkup.frames_per_s < LEAST_FRAMES_PER_S, True, "画面太慢：请增加光线，或关闭摄像头的自动长曝光，或换接口"),
        (checkup.clipped > MOST_CLIPPED, False, "画面有大片过亮：请避免摄像头对着窗户或灯"),
        (checkup.picture_brightness < LEAST_PICTURE_BRIGHTNESS, True, "画面太暗：请开灯，或把摄像头的曝光调高"),
    ]
    if checkup.with_face == 0:
        said.append((True, True, "没有看到人脸：请站到摄像头前约一臂远处，脸在画面中间，再检查一次"))
    said += _about_face(checkup, limits)
    findings = [Finding(serious, text) for holds, serious, text in said if holds]
    return sorted(findings, key=lambda each: not each.serious) or [Finding(serious=False, said="一切正常")]


def cameras_here() -> list[str]:
    """Return the V4L2 devices of this machine as sources, such as `v4l2:/dev/video0`."""
    return [f"v4l2:{path}" for path in sorted(Path("/dev").glob("video*"))]


@dataclass(frozen=True)
class _Seen:
    size: tuple[int, int]
    brightness: float
    clipped: float
    face: tuple[float, float, float] | None
    fault: Reason | None


def _seen(frame: Frame, detector: Detector) -> _Seen:
    pixels = frame.pixels
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))
    faces = detector.detect(pixels)
    face = None
    if faces:
        chip = aligned(pixels, faces[0].points)
        face = (faces[0].eye_distance_px, brightness(chip), sharpness(chip))
    size = (pixels.shape[1], pixels.shape[0])
    return _Seen(size, float(grey.mean()), float((grey >= CLIPPED).mean()), face, first_fault(pixels, faces))


def _summed(seen: Sequence[_Seen], lasted_s: float) -> Checkup:
    if not seen:
        return Checkup(0, 0.0, 0, 0, 0.0, 0.0, 0.0, None, None, None, {})
    faces = [each.face for each in seen if each.face]
    faults = [each.fault.value for each in seen if each.fault]
    eyes, light, detail = (median(values) for values in zip(*faces, strict=True)) if faces else (None, None, None)
    return Checkup(
        frames=len(seen),
        frames_per_s=len(seen) / max(lasted_s, 1e-6),
        width_px=seen[-1].size[0],
        height_px=seen[-1].size[1],
        picture_brightness=median(each.brightness for each in seen),
        clipped=median(each.clipped for each in seen),
        with_face=len(faces) / len(seen),
        eye_distance_px=eyes,
        face_brightness=light,
        face_sharpness=detail,
        faults={fault: faults.count(fault) for fault in sorted(set(faults))},
    )


def _about_face(checkup: Checkup, limits: QualityLimits) -> list[tuple[bool, bool, str]]:
    eyes, light, detail = checkup.eye_distance_px, checkup.face_brightness, checkup.face_sharpness
    if eyes is None or light is None or detail is None:
        return []
    dark = light < limits.least_brightness
    return [
        (dark, True, "脸上太暗：请让光从屏幕一侧照到脸上"),
        (light > limits.most_brightness, True, "脸上太亮：请避开强光"),
        (checkup.picture_brightness - light > BACKLIGHT, False, "逆光：身后比脸亮，请换个方向或拉上窗帘"),
        (eyes < limits.least_eye_distance_px, True, "人站得太远：请把摄像头移近，或请人站近"),
        (detail < limits.least_sharpness and not dark, True, "画面模糊：请擦净镜头，检查对焦，增加光线"),
    ]

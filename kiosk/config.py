"""A terminal's configuration: TOML enters, a frozen record leaves; an unknown key or a wrong value is an error.

Every key stands in docs/settings.md, which a test compares with `documented_keys`.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kiosk.errors import ConfigError

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Port = Annotated[int, Meta(ge=1, le=65535)]
Pin = Annotated[int, Meta(ge=0, le=27)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The base of every section: frozen, and strict about keys."""


class TerminalSettings(Settings, frozen=True):
    """Who this terminal is and where it keeps what it must not lose."""

    id: Name
    hall: Name
    state: Annotated[str, Meta(min_length=1)]
    port: Port = 8081
    retention_days: Annotated[int, Meta(ge=90, le=3650)] = 90


class CentreSettings(Settings, frozen=True):
    """Where the centre is."""

    url: Annotated[str, Meta(pattern=r"^https?://[^/\s]+$")]
    via: Annotated[str, Meta(pattern=r"^(https?://[^/\s]+)?$")] = ""

    @property
    def address(self) -> str:
        """Return the address that this terminal speaks to: the hall's hub where there is one, else the centre."""
        return self.via or self.url


class HubSettings(Settings, frozen=True):
    """Where this terminal takes what the hall's other terminals have for the centre; nowhere unless it is the hub."""

    listen: Annotated[str, Meta(pattern=r"^([0-9.]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5})?$")] = ""


class CameraSettings(Settings, frozen=True):
    """Where frames come from and how fast they are looked at."""

    source: Annotated[str, Meta(pattern=r"^(none|(folder|video|v4l2):.+)$")] = "none"
    hold_s: Seconds = 2.0
    frames_per_second: Annotated[float, Meta(gt=0, le=30)] = 5.0


class RecognitionSettings(Settings, frozen=True):
    """When a face is somebody, and how soon the same face is a new punch."""

    agreeing_frames: Annotated[int, Meta(ge=1, le=10)] = 3
    encoder: str = ""
    cohort: str = ""
    calibration: str = ""
    challenge: Literal["", "never", "always", "random", "risk"] = ""
    repeat_after_s: Seconds = 120.0


class HardwareSettings(Settings, frozen=True):
    """Whether pins are real."""

    simulated: bool = False
    bounce_ms: Annotated[int, Meta(ge=0, le=500)] = 30


class RatingSettings(Settings, frozen=True):
    """How a citizen is asked."""

    answer_within_s: Seconds = 60.0
    thanks_s: Seconds = 5.0


class WindowSettings(Settings, frozen=True):
    """One service window with its five buttons, best grade first, as BCM pin numbers."""

    id: Name
    name: str
    pins: Annotated[list[Pin], Meta(min_length=5, max_length=5)] = []


class Config(Settings, frozen=True):
    """A whole terminal."""

    terminal: TerminalSettings
    centre: CentreSettings
    camera: CameraSettings = CameraSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    hub: HubSettings = HubSettings()
    hardware: HardwareSettings = HardwareSettings()
    rating: RatingSettings = RatingSettings()
    windows: list[WindowSettings] = []

    @property
    def state_dir(self) -> Path:
        """Return the folder of ledger, keys and control token."""
        return Path(self.terminal.state)

    @property
    def url(self) -> str:
        """Return the address of this terminal's pages, on the loopback."""
        return f"http://127.0.0.1:{self.terminal.port}"


def load_config(path: Path) -> Config:
    """Return the configuration in a TOML file, its relative paths taken from the file's own folder.

    Raises ConfigError naming the file and the place: unreadable, not TOML, an unknown key, a value of the wrong form,
    a window or pin twice.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}; see docs/settings.md") from error
    _check_windows(path, config)
    return _with_absolute_paths(config, path.absolute().parent)


def _check_windows(path: Path, config: Config) -> None:
    ids = [window.id for window in config.windows]
    pins = [pin for window in config.windows for pin in window.pins]
    for what, values in (("window", ids), ("pin", pins)):
        value, times = max(Counter(map(str, values)).items(), key=itemgetter(1), default=("", 0))
        if times > 1:
            raise ConfigError(f"{path}: windows: {what} {value} stands twice")


def _with_absolute_paths(config: Config, base: Path) -> Config:
    kind, _, place = config.camera.source.partition(":")
    recognition = config.recognition
    source = f"{kind}:{base / place}" if kind in {"folder", "video"} else config.camera.source
    return msgspec.structs.replace(
        config,
        terminal=msgspec.structs.replace(config.terminal, state=str(base / config.terminal.state)),
        camera=msgspec.structs.replace(config.camera, source=source),
        recognition=msgspec.structs.replace(
            recognition,
            encoder=_beside(base, recognition.encoder),
            cohort=_beside(base, recognition.cohort),
            calibration=_beside(base, recognition.calibration),
        ),
    )


def _beside(base: Path, place: str) -> str:
    return str(base / place) if place else ""


def documented_keys() -> list[str]:
    """Return every key as `section.key`, such as `camera.source`; a list's as `windows.id`."""
    keys: list[str] = []
    for section in msgspec.structs.fields(Config):
        kind: Any = section.type
        kind = getattr(kind, "__args__", [kind])[0]
        keys += [f"{section.name}.{key.name}" for key in msgspec.structs.fields(kind)]
    return keys

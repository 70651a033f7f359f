"""What the office tells terminals beside people and shifts. The `data` of an act enters; nothing, or an error leaves.

Replay ignores these types: they change nobody's score. They stand in the ledger because somebody answers for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from sync.errors import SyncError

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class NoticeError(SyncError, ValueError):
    """A notice whose `data` breaks the form of its type."""


class PolicyAdopted(Struct, frozen=True):
    """A policy overlay (TOML) that is in force from a day on; the newest one that has begun holds."""

    overlay: Annotated[str, Meta(max_length=65536)]
    from_on: date = field(name="from")


class SettingSet(Struct, frozen=True):
    """How long something is kept, or how it is shown: for one hall, or for all."""

    name: Name
    value: bool | int | float | Annotated[str, Meta(max_length=2000)] | None
    hall: Name | None = None


class TaskOpened(Struct, frozen=True):
    """Somebody, or a whole hall, is asked to explain (情况说明) or to put something right (整改)."""

    task: Name
    hall: Name
    kind: Literal["explanation", "rectification"]
    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    person: Name | None = None
    on: date | None = None
    session: Name | None = None
    due_on: date | None = None


class TaskClosed(Struct, frozen=True):
    """A task is done, or asked no more."""

    task: Name
    on: date


class ReleaseNamed(Struct, frozen=True):
    """The programs that the terminals of a ring are to run; `signature` is the builder's over the archive."""

    version: Name
    sha256: Digest
    size: Annotated[int, Meta(ge=1, le=2**40)]
    ring: Name
    signature: Annotated[str, Meta(max_length=2000)] | None = None


POLICY_TYPES = frozenset({"policy.adopted", "setting.set"})
TASK_TYPES = frozenset({"task.opened", "task.closed"})
RELEASE_TYPES = frozenset({"release.named"})
TEMPLATE_TYPES = frozenset({"template.relayed", "template.withdrawn"})
"""Said by the centre itself when a sealed template passes through: who, from where, to where; never the template."""

_FORMS: dict[str, type[Struct]] = {
    "policy.adopted": PolicyAdopted,
    "setting.set": SettingSet,
    "task.opened": TaskOpened,
    "task.closed": TaskClosed,
    "release.named": ReleaseNamed,
}


def check_notice(type_: str, said: Mapping[str, Any]) -> None:
    """Return if `said` is the `data` of a notice, or of a type that is none; NoticeError naming the field otherwise."""
    form = _FORMS.get(type_)
    if form is not None:
        try:
            msgspec.convert(said, form)
        except msgspec.ValidationError as error:
            raise NoticeError(f"{type_}: {error}") from error

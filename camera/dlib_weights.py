"""Reads dlib's face network out of its own file: bytes enter, the layers' numbers leave, checked in every size.

The file is dlib's serialisation: integers of variable length (the first byte holds the length in its low four
bits and the sign in its top bit), and each layer's name followed by its tensor (the integer 2, four dimensions,
32-bit little-endian numbers). The layers stand in the order in which a picture passes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera.errors import ModelError

Weights = npt.NDArray[np.float32]

WIDTHS = (32, *[32] * 6, *[64] * 8, *[128] * 6, *[256] * 8)
"""Channels that leave each of the 29 convolutions."""
BOTTOM, LENGTH = 256, 128
CONVOLUTION, AFFINE = b"\x01\x05con_4", b"\x01\x07affine_"
LAST = b"\x01\x04fc_2" + b"\x01\x80" + b"\x02\x00\x01"
"""The last layer's name, and that it makes 128 numbers of 256."""
FIRST_SIDE, SIDE = 7, 3


@dataclass(frozen=True)
class Convolution:
    """One convolution with the affine layer after it folded in: channels out x channels in x side x side."""

    weights: Weights
    bias: Weights


@dataclass(frozen=True)
class DlibNetwork:
    """All the numbers: 29 convolutions in order, and the last matrix (256 x 128)."""

    convolutions: tuple[Convolution, ...]
    last: Weights


def read_network(serialised: bytes) -> DlibNetwork:
    """Return the network; raise ModelError where the bytes are not dlib's 29-layer face network."""
    try:
        found = tuple(_convolutions(serialised))
        last, _ = _tensor_after(serialised, LAST, serialised.rindex(LAST))
        return DlibNetwork(found, last.reshape(BOTTOM, LENGTH))
    except (ValueError, IndexError) as error:
        raise ModelError(f"the encoder's weights are not dlib's face network ({error}); install them again") from error


def _convolutions(serialised: bytes) -> Iterator[Convolution]:
    at, channels = 0, 3
    for place, width in enumerate(WIDTHS):
        side = SIDE if place else FIRST_SIDE
        numbers, at = _tensor_after(serialised, CONVOLUTION, at)
        kernel = numbers[: width * channels * side * side].reshape(width, channels, side, side)
        bias = numbers[kernel.size :].reshape(width)
        affine, at = _tensor_after(serialised, AFFINE, at)
        gain, shift = affine.reshape(2, width)
        yield Convolution(kernel * gain[:, None, None, None], bias * gain + shift)
        channels = width


def _tensor_after(serialised: bytes, name: bytes, at: int) -> tuple[Weights, int]:
    """Return the numbers of the next layer of that name, and where they end."""
    at = serialised.index(name, at) + len(name)
    kind, at = _integer(serialised, at)
    if kind != 2:  # noqa: PLR2004 - the version that dlib writes before a tensor
        raise ValueError(f"a tensor of version {kind}")
    count = 1
    for _ in range(4):
        size, at = _integer(serialised, at)
        count *= size
    return np.frombuffer(serialised, "<f4", count, at).astype(np.float32), at + 4 * count


def _integer(serialised: bytes, at: int) -> tuple[int, int]:
    """Return the integer that stands there, and where it ends."""
    end = at + 1 + (serialised[at] & 0x0F)
    size = int.from_bytes(serialised[at + 1 : end], "little")
    return (-size if serialised[at] & 0x80 else size), end

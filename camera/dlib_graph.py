"""Rewrites dlib's face network as an ONNX graph: its numbers enter, the graph's bytes leave.

OpenCV then runs the same arithmetic many times faster than dlib does. Needs the package `onnx`, which nothing
else loads: the graph is made once (`camera.models`). The shape of the network is that of dlib's
`dnn_face_recognition_ex.cpp`; tests compare its vectors with those of `face_recognition` itself.
"""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, TensorProto, checker, helper, numpy_helper

from camera.dlib_weights import BOTTOM, LENGTH, SIDE, Convolution, DlibNetwork, Weights

SIDE_PX = 150
OPSET, IR_VERSION = 13, 8
BLOCKS = "sss" + "dsss" + "dss" + "dss" + "d"
"""The residual blocks: `s` keeps the size, `d` halves it."""
FIRST_STRIDE = 2


def onnx_graph(network: DlibNetwork) -> bytes:
    """Return the graph: input `chip` (1 x 3 x 150 x 150, normalised RGB), output `vector` (1 x 128)."""
    graph = _Graph()
    convolutions = iter(network.convolutions)
    at = graph.convolved("chip", next(convolutions), stride=FIRST_STRIDE, padding=0, relu=True)
    at = graph.add("MaxPool", [at], kernel_shape=[SIDE, SIDE], strides=[2, 2])
    size, channels = _convolved(_convolved(SIDE_PX, 7), SIDE), len(network.convolutions[0].bias)
    for block in BLOCKS:
        first, second = next(convolutions), next(convolutions)
        if block == "s":
            at = graph.block(at, first, second)
        else:
            at = graph.halving_block(at, first, second, size, channels)
            size, channels = max(_convolved(size, SIDE), size // 2), len(second.bias)
    at = graph.add("GlobalAveragePool", [at])
    at = graph.add("Reshape", [at, graph.constant(np.array([1, BOTTOM], np.int64))])
    graph.add("MatMul", [at, graph.constant(network.last)], output="vector")
    return graph.serialised()


def _convolved(size: int, side: int) -> int:
    """Return the size after a convolution of stride 2 without padding."""
    return (size - side) // 2 + 1


class _Graph:
    """Collects nodes and constants; each method returns the name of what it put out."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def add(self, kind: str, inputs: list[str], *, output: str = "", **attributes: list[int]) -> str:
        name = output or f"{kind.lower()}{len(self._nodes)}"
        node = helper.make_node(kind, inputs, [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self._nodes.append(node)
        return name

    def constant(self, numbers: Weights | np.ndarray) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def convolved(self, at: str, layer: Convolution, *, stride: int, padding: int, relu: bool) -> str:
        numbers = [self.constant(layer.weights), self.constant(layer.bias)]
        at = self.add("Conv", [at, *numbers], strides=[stride] * 2, pads=[padding] * 4)
        return self.add("Relu", [at]) if relu else at

    def block(self, at: str, first: Convolution, second: Convolution) -> str:
        inner = self.convolved(at, first, stride=1, padding=1, relu=True)
        inner = self.convolved(inner, second, stride=1, padding=1, relu=False)
        return self.add("Relu", [self.add("Add", [inner, at])])

    def halving_block(self, at: str, first: Convolution, second: Convolution, size: int, channels: int) -> str:
        """Add as dlib does: what one side lacks, channels or the last row and column, is zero."""
        inner = self.convolved(at, first, stride=2, padding=0, relu=True)
        inner = self.convolved(inner, second, stride=1, padding=1, relu=False)
        skip = self.add("AveragePool", [at], kernel_shape=[2, 2], strides=[2, 2])
        inner_size, skip_size, width = _convolved(size, SIDE), size // 2, len(second.bias)
        largest = max(inner_size, skip_size)
        inner = self._padded(inner, 0, largest - inner_size)
        skip = self._padded(skip, width - channels, largest - skip_size)
        return self.add("Relu", [self.add("Add", [inner, skip])])

    def _padded(self, at: str, channels: int, size: int) -> str:
        if not channels and not size:
            return at
        return self.add("Pad", [at, self.constant(np.array([0, 0, 0, 0, 0, channels, size, size], np.int64))])

    def serialised(self) -> bytes:
        chip = helper.make_tensor_value_info("chip", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])
        vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, LENGTH])
        graph = helper.make_graph(self._nodes, "dlib-face", [chip], [vector], self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))

"""The ONNX format: one `.onnx` file, which runs nearly everywhere, for example in ONNX Runtime.

The way is a frozen TensorFlow graph, in which TensorFlow has already folded what is constant, and tf2onnx. Keras' own
`export(format="onnx")` hands tf2onnx the graph as it is, and that fails on the Normalization of EfficientNetV2. What
tf2onnx does not know of the others, the exact GELU and convolutions by groups of ConvNeXt, is put into its words here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from transfer.learning.analysis.prediction import KerasPredictor
from transfer.learning.export.format import ExportFormat
from transfer.runs.run import Run

OPSET = 18  # of December 2022: new enough for tf2onnx, old enough for what people have installed


class Onnx(ExportFormat):
    network = "onnx.py"

    def write(self, predictor: KerasPredictor, run: Run, path: Path) -> None:
        import tf2onnx
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        size, model = predictor.image_size, predictor.model
        answer = tf.function(
            lambda photo: tf.identity(tf.cast(model(photo, training=False), tf.float32), name="probabilities"),
            input_signature=[tf.TensorSpec((None, size, size, 3), tf.float32, name="photo")],
            jit_compile=False,
            autograph=False,
        )
        tf.config.run_functions_eagerly(True)  # Keras wraps convolutions by groups in functions: unwrapped where traced
        try:
            traced = answer.get_concrete_function()
        finally:
            tf.config.run_functions_eagerly(False)
        frozen = convert_variables_to_constants_v2(traced)
        tf2onnx.convert.from_graph_def(
            frozen.graph.as_graph_def(),
            input_names=[tensor.name for tensor in frozen.inputs],
            output_names=[tensor.name for tensor in frozen.outputs],
            opset=OPSET,
            output_path=str(path),
            custom_op_handlers={"Erfc": (_one_minus_erf, [])},
        )


def _one_minus_erf(graph: Any, node: Any, name: str, arguments: Any) -> None:
    """Erfc, of the exact GELU, by what ONNX has; as tf2onnx wants it."""
    node.type, (erf,) = "Erf", node.output
    one = graph.make_const(f"{node.name}_one", np.ones((), np.float32)).output[0]
    difference = graph.insert_new_node_on_output("Sub", erf, name=f"{node.name}_complement")
    graph.replace_inputs(difference, [one, erf])
    graph.copy_dtype(erf, difference.output[0])
    graph.copy_shape(erf, difference.output[0])


FORMAT = Onnx()

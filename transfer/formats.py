"""The formats in which a trained model can be taken away: what they are called, and how a program opens them.

Written once for the page, the command line and the exports; writing a model is `learning.export`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass

_LITERT_LOAD = (
    "try:\n"
    "    from ai_edge_litert.interpreter import Interpreter\n"
    "except ImportError:  # TensorFlow brings the same interpreter\n"
    "    import tensorflow\n"
    "    Interpreter = tensorflow.lite.Interpreter\n"
    'network = Interpreter(str(Path(__file__).with_name("model.tflite"))).get_signature_runner()\n'
    "inputs, outputs = [next(iter(details)) for details in (network.get_input_details(), network.get_output_details())]"
)


@dataclass(frozen=True)
class Format:
    """One way to take a model away.

    Attributes:
        title: its name.
        model: file or folder of the model inside the export.
        load, call: how predict.py opens the model and asks it about `photo`; the answer is (classes,) float32.
        needs: packages, for requirements.txt.
        good_for: whom it suits; goes on after "for".
    """

    title: str
    model: str
    load: str
    call: str
    needs: tuple[str, ...]
    good_for: str


FORMATS = {
    "keras": Format(
        "Keras",
        "model.keras",
        'import keras\nnetwork = keras.saving.load_model(Path(__file__).with_name("model.keras"), compile=False)',
        "network.predict_on_batch(photo)[0]",
        ("tensorflow", "keras"),
        "Python programs, and to go on training. One file, model.keras.",
    ),
    "savedmodel": Format(
        "TensorFlow SavedModel",
        "model",
        'import tensorflow as tf\nnetwork = tf.saved_model.load(str(Path(__file__).with_name("model")))',
        "network.serve(photo).numpy()[0]",
        ("tensorflow",),
        "servers (TensorFlow Serving), C++, Java, and converters to other formats.",
    ),
    "litert": Format(
        "LiteRT (TensorFlow Lite)",
        "model.tflite",
        _LITERT_LOAD,
        "network(**{inputs: photo})[outputs][0]",
        ("ai-edge-litert",),
        "phones, browsers and small computers.",
    ),
}

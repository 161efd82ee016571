"""A program that loads Keras as every program of `transfer.learning` does, then what was kept from it."""

import sys

from transfer.learning import lean_import


def loaded() -> list[str]:
    return sorted(lean_import.NOT_FOR_THEM & set(sys.modules))


if __name__ == "__main__":
    import keras
    import tensorflow as tf

    print(loaded())
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile("adam", "mse")
    network.fit(tf.ones((4, 2)).numpy(), tf.ones((4, 1)).numpy(), epochs=1, verbose=0)
    print(loaded())

    import matplotlib
    import pandas

    print(loaded(), pandas.DataFrame({"loss": [1]}).shape, matplotlib.__name__)

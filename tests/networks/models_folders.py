"""Prints where the app looks for weights files, and where Keras puts them, which it decides when it is loaded."""

from pathlib import Path

from keras.src.backend.config import keras_home

from transfer.networks.weights import models_folder

print(models_folder())
print(Path(keras_home()) / "models")

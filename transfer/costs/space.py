"""How much room on the disk a run needs until its model can be taken away, known before anything is loaded.

It is told from the layer tables, or the size of a `.keras` file. Not counted is what a run can do without, and leaves
out where there is no room for it: what frozen layers say about photos, and networks translated for the processor.
"""

from __future__ import annotations

from pathlib import Path

from transfer.config import RunConfig
from transfer.dataset.dataset import Dataset
from transfer.networks.backbones import BACKBONES
from transfer.networks.custom import is_custom
from transfer.networks.layers import layers, table, trainable_parameters

NUMBER = 4  # bytes of one in a model
SLOTS = {"adam": 2, "adamw": 2, "rmsprop": 1, "sgd": 1}  # numbers an optimizer keeps for each that it changes
WIDTH = 2048  # numbers that the widest of most networks say about a photo, or a place of its last map
STRIDE = 32  # pixels of the photo for one such place
RECORD = 300  # bytes of a photo in the lists of a run
LOGS = 2**20  # bytes of events and logs


def model_bytes(config: RunConfig, classes: int) -> int:
    """About the size of the trained model in a file."""
    if is_custom(config.backbone):
        file = Path(config.backbone)
        backbone = file.stat().st_size if file.is_file() else 0
    else:
        backbone = NUMBER * int(table(config.backbone)["total"][f"{config.alpha:g}"])
    return backbone + NUMBER * _head(config, classes)


def checkpoint_bytes(config: RunConfig, classes: int) -> int:
    """About the size of the largest checkpoint: what is trained, of now and of the best round, and the optimizer's."""
    trained = _head(config, classes)
    if config.fine_tunes and not is_custom(config.backbone):
        trained += trainable_parameters(layers(config.backbone, config.alpha), config.frozen_layers)
    elif config.fine_tunes:
        trained += model_bytes(config, 0) // NUMBER
    return NUMBER * trained * (2 + SLOTS[config.optimizer])


def run_bytes(config: RunConfig, dataset: Dataset) -> int:
    """About what a run needs at its fullest moment, beside what is there already.

    While a file is written the one before it is still there, so a checkpoint counts twice; the model counts as a file,
    and once more as a zip.
    """
    classes = len(dataset.classes)
    checkpoints, models = 2 * checkpoint_bytes(config, classes), 2 * model_bytes(config, classes)
    return checkpoints + models + len(dataset.photos) * RECORD + LOGS


def _head(config: RunConfig, classes: int) -> int:
    """Numbers in the new layers, at most."""
    record = BACKBONES.get(config.backbone)
    size = config.image_size or (record.image_size if record else 224)
    width = WIDTH * (-(-size // STRIDE)) ** 2 if config.pooling == "flatten" else WIDTH
    if not config.hidden_units:
        return (width + 1) * classes
    return (width + 1) * config.hidden_units + (config.hidden_units + 1) * classes

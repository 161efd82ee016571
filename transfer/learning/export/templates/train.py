# %% [markdown]
# # Transfer learning in plain Keras
#
# This is how Transfer trained the model beside this file (model.keras), written with nothing but Keras, to be read from
# the top to the bottom, run and changed. A network that learned from 1.3 million photos already knows how to see. It is
# kept as it is (frozen), and only a few new layers (the head) learn to tell these classes apart.
#
# As a program: `python train.py FOLDER`, with the folder that the photos are in. As a notebook: train.ipynb.

# %%
import csv
import functools
import math
import os
import sys
from pathlib import Path

import keras
import numpy as np
from augment import augment
from photo import read_photo

# %% [markdown]
# ## What was chosen

# %% settings
PHOTOS = "photos"  # the folder; photos.csv names the photos in it, with their class and split
BACKBONE = "MobileNetV2"  # the network that knows how to see
ALPHA = 1.0  # its width
SIZE = 224  # photos are resized to this square, pixels
POOLING = "avg"  # how its last map is summarised
HIDDEN_UNITS = 0  # of an extra layer before the answer
DROPOUT = 0.0
HEAD_EPOCHS = 100  # rounds in which the new layers learn, at most
HEAD_LEARNING_RATE = 3e-3
FROZEN_LAYERS = 0  # layers, from the input on, that stay as they are while fine-tuning
FINE_TUNE_EPOCHS = 5
FINE_TUNE_LEARNING_RATE = 1e-5
BATCH_SIZE = 32  # photos per step
OPTIMIZER = "adam"
SCHEDULE = "constant"
AUGMENTATION = "light"
VIEWS = 1  # varied versions of each photo; 0: new ones in every round
PATIENCE = 10  # rounds without improvement before a phase ends; 0: never
CLASS_WEIGHTS = None  # what a photo of each class counts; None: all the same
MEASURED = "test"  # the split that the score is of
SCORE = 0.9  # the share of these photos that Transfer's model of these settings got right
SEED = 0

# %% if SCRIPT
PHOTOS = str(Path(sys.argv[1] if len(sys.argv) > 1 else PHOTOS).resolve())
os.chdir(Path(__file__).resolve().parent)

# %% [markdown]
# ## The photos
#
# `read_photo` turns a photo upright and squashes it to a square. A `PyDataset` hands them out batch by batch. Labels
# are the numbers of the lines in labels.txt.

# %%
np.random.seed(SEED)
CLASSES = Path("labels.txt").read_text("utf-8").splitlines()
with Path("photos.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


class Photos(keras.utils.PyDataset):
    """Batches of one split: pixels (batch, SIZE, SIZE, 3) from 0 to 255, and labels (batch,)."""

    def __init__(self, split, varied=False, shuffled=False):
        super().__init__(workers=2)
        rows = [row for row in ROWS if row["split"] == split]
        self.paths = [Path(PHOTOS) / row["path"] for row in rows]
        self.labels = np.array([CLASSES.index(row["class"]) for row in rows], dtype="int32")
        self.varied, self.shuffled, self.order = varied, shuffled, np.arange(len(rows))
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.paths) / BATCH_SIZE)

    def __getitem__(self, number):
        batch = self.order[number * BATCH_SIZE : (number + 1) * BATCH_SIZE]
        photos = [read_photo(self.paths[place], SIZE) for place in batch]
        photos = [vary(photo) for photo in photos] if self.varied else photos
        return np.stack(photos).astype("float32"), self.labels[batch]

    def on_epoch_end(self):
        if self.shuffled:
            np.random.shuffle(self.order)


# %% [markdown] if AUGMENTED
# Training photos are varied: mirrored, turned, zoomed, shifted and lit otherwise, so that few of them go further.

# %%
chance = np.random.default_rng(SEED)


def vary(photo):
    return photo if AUGMENTATION == "off" else augment(photo, AUGMENTATION, chance)


# %% [markdown]
# ## The network
#
# Every network wants its pixels scaled in its own way, so scaling is the first thing in it: what is saved takes plain
# RGB from 0 to 255.

# %% if APPLICATION
Application = getattr(keras.applications, BACKBONE)
width = {} if ALPHA == 1.0 else {"alpha": ALPHA}
base = Application(include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3), **width)

# %% if TF
preprocess = keras.layers.Rescaling(1 / 127.5, offset=-1)  # to -1 … 1

# %% if TORCH
mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of the photos of ImageNet
preprocess = keras.layers.Rescaling(list(1 / 255 / spread), offset=list(-mean / spread))

# %% if CAFFE
pixels = keras.Input((SIZE, SIZE, 3))
flipped = keras.ops.flip(pixels, axis=-1)  # to blue, green, red; then each without its mean
preprocess = keras.Model(pixels, keras.layers.Rescaling([1.0] * 3, offset=[-103.939, -116.779, -123.68])(flipped))

# %% if INSIDE
preprocess = keras.layers.Identity()  # this network scales by itself

# %% if FROM_FILES
base = keras.saving.load_model("backbone.keras", compile=False)  # as it was before the training began
preprocess = keras.saving.load_model("preprocess.keras", compile=False)

# %%
base.trainable = False
for layer in base.layers:
    if isinstance(layer, keras.layers.Dropout):
        layer.rate = 0.0  # the frozen network always says the same of a photo, so it need be asked only once

photo = keras.Input((SIZE, SIZE, 3))
maps = base(preprocess(photo), training=False)
POOLINGS = {
    "avg": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
    "flatten": keras.layers.Flatten,
}
pooled = POOLINGS[POOLING]()(maps) if len(maps.shape) == 4 else maps
frozen = keras.Model(photo, pooled)

keras.utils.set_random_seed(SEED)  # as Transfer does, so that the head begins with the same weights
head = keras.Sequential([keras.Input(pooled.shape[1:])])
if HIDDEN_UNITS:
    head.add(keras.layers.Dense(HIDDEN_UNITS, activation="relu"))
if DROPOUT:
    head.add(keras.layers.Dropout(DROPOUT, seed=SEED))
head.add(keras.layers.Dense(len(CLASSES), activation="softmax"))
model = keras.Model(photo, head(pooled))
model.summary()

# %% [markdown]
# ## How it learns

# %%
RULES = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": functools.partial(keras.optimizers.SGD, momentum=0.9),
}
validation = Photos("validation")
watched = "val_loss" if len(validation) else "loss"
score = math.inf  # what was watched, at its best


def learn(network, data, measured, epochs, learning_rate):
    """Train, and go back to the best round; an early end where nothing gets better any more."""
    if SCHEDULE == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * len(data))
    network.compile(RULES[OPTIMIZER](learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    best = keras.callbacks.EarlyStopping(watched, patience=PATIENCE or epochs, restore_best_weights=True)
    measured = measured if len(measured) else None
    options = {"validation_data": measured, "class_weight": CLASS_WEIGHTS, "callbacks": [best]}
    return min(network.fit(data, epochs=epochs, verbose=2, **options).history[watched])


# %% [markdown] if REMEMBERS
# ## First phase: the head
#
# A frozen layer says the same of a photo in every round. So the network looks at each photo once, what it says (the
# features) is kept, and the head learns from that: every round takes a moment.


# %% if REMEMBERS
class Features(keras.utils.PyDataset):
    """What the frozen network said of the photos of one split; of varied ones, each round takes the next version."""

    def __init__(self, split, training=False):
        super().__init__()
        photos = Photos(split, varied=training)
        views = range(VIEWS if training else 1)
        self.views = [frozen.predict(photos, verbose=0) for _ in views] if len(photos) else []
        self.labels, self.training, self.round = photos.labels, training, -1
        self.order = np.arange(len(self.labels))
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.labels) / BATCH_SIZE)

    def __getitem__(self, number):
        batch = self.order[number * BATCH_SIZE : (number + 1) * BATCH_SIZE]
        return self.views[self.round % len(self.views)][batch], self.labels[batch]

    def on_epoch_end(self):
        self.round += 1
        if self.training:
            np.random.shuffle(self.order)


score = learn(head, Features("train", training=True), Features("validation"), HEAD_EPOCHS, HEAD_LEARNING_RATE)

# %% [markdown] if LOOKS_AGAIN
# ## First phase: the head
#
# The photos are varied anew in every round, so the whole network has to look at them every time.

# %% if LOOKS_AGAIN
score = learn(model, Photos("train", varied=True, shuffled=True), validation, HEAD_EPOCHS, HEAD_LEARNING_RATE)

# %% [markdown] if FINE_TUNES
# ## Second phase: fine-tuning
#
# The last layers of the network are unfrozen and adjusted, with a much lower learning rate. The statistics of
# BatchNormalization layers stay as they are: few photos would only spoil them. Should it not get better, what was
# learned in the first phase is kept.

# %% if FINE_TUNES
base.trainable = True
for number, layer in enumerate(base.layers):
    layer.trainable = number >= FROZEN_LAYERS
    for part in (layer, *getattr(layer, "layers", ())):
        if isinstance(part, keras.layers.BatchNormalization):
            part.trainable = False
weights = model.get_weights()
varied = Photos("train", varied=True, shuffled=True)
if learn(model, varied, validation, FINE_TUNE_EPOCHS, FINE_TUNE_LEARNING_RATE) > score:
    model.set_weights(weights)

# %% [markdown]
# ## How good it is
#
# On photos that it did not learn from.

# %%
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
loss, accuracy = model.evaluate(Photos(MEASURED), verbose=0)
print(f"Right on {accuracy:.1%} of the {MEASURED} photos; the same settings in Transfer: {SCORE:.1%}")
model.save("trained_here.keras")

# %% [markdown] if REFINED
# Transfer then computed a second answer, in closed form, from several depths of the frozen network (refinement), which
# is not done here. The model beside this file is that one; README.md says how good it is.

# %%

"""RunConfig: everything a person chooses for one training run, each setting written once.

The form of the page, the flags of the command line, `config.json` and the table in the README are all made
from the fields below: their labels, help, choices and limits live here and nowhere else. What a *network*
offers (its layers, sizes, widths) is in `backbones`; a RunConfig only names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from transfer.errors import ConfigError
from transfer.setting import Settings, setting


@dataclass(frozen=True, kw_only=True)
class RunConfig(Settings):
    """What the user chose. Immutable; `validated` says whether the values make sense by themselves."""

    photos: str = setting("", "Photos", "The folder with one sub-folder of photos per class.")
    backbone: str = setting(
        "EfficientNetLite0",
        "Network (backbone)",
        "The pretrained network to start from, or the path of a .keras file of your own.",
    )
    alpha: float = setting(
        1.0,
        "Network width (alpha)",
        "Narrower versions are faster and a little less accurate. Only some networks come in several widths.",
        minimum=0.1,
        maximum=2.0,
    )
    weights: str = setting(
        "imagenet",
        "What the network knows (weights)",
        "imagenet: learned from 1.3 million photos. random: knows nothing, a baseline. Or the path of a weights file.",
    )
    image_size: int | None = setting(
        None,
        "Photo size in pixels (image size)",
        "Photos are resized to this square. Empty: the size the network learned with. "
        "Smaller is faster, larger sees more detail.",
        minimum=32,
        maximum=1024,
        empty="that of the network",
    )
    frozen_layers: int | None = setting(
        None,
        "Frozen layers",
        "How many layers, counted from the input, keep what they know while fine-tuning. "
        "Empty: all of them, and then nothing is fine-tuned.",
        minimum=0,
        empty="all",
    )
    pooling: str = setting(
        "avg",
        "How the network's last map is summarised (pooling)",
        "Average suits almost everything; flatten keeps the place of things and needs more photos.",
        choices=(("average", "avg"), ("maximum", "max"), ("flatten (no pooling)", "flatten")),
    )
    hidden_units: int = setting(
        0,
        "Extra layer before the answer (Dense units)",
        "So many signals wide. 0: none. The classic tutorial uses flatten and 256.",
        minimum=0,
        maximum=8192,
    )
    dropout: float = setting(
        0.0,
        "Signals left out by chance (dropout)",
        "The share of signals switched off at random while the new layers learn; guards a large head (flatten, an "
        "extra layer) against learning by heart.",
        minimum=0.0,
        maximum=0.9,
    )
    head_epochs: int = setting(
        100,
        "Rounds for the new layers (head epochs)",
        "How often, at most, the new layers see every photo while the network stays frozen.",
        minimum=0,
        maximum=1000,
    )
    head_learning_rate: float = setting(
        3e-3,
        "Learning rate of the new layers",
        "How big each correction is. Too high: the loss jumps or explodes. Too low: it hardly moves.",
        minimum=1e-7,
        maximum=1.0,
    )
    fine_tune_epochs: int = setting(
        5,
        "Rounds of fine-tuning (fine-tune epochs)",
        "How often the unfrozen layers see every photo afterwards. Nothing happens here while all layers are frozen.",
        minimum=0,
        maximum=1000,
    )
    fine_tune_learning_rate: float = setting(
        1e-5,
        "Learning rate of fine-tuning",
        "Keep it 10 to 100 times lower than the one above, so that what the network knows is adjusted, not erased.",
        minimum=1e-8,
        maximum=1.0,
    )
    batch_size: int = setting(
        32,
        "Photos per step (batch size)",
        "Lower it when memory runs out.",
        minimum=1,
        maximum=1024,
    )
    optimizer: str = setting(
        "adam",
        "How it is corrected (optimizer)",
        "The rule that turns errors into corrections. Adam suits almost everything.",
        choices=(("Adam", "adam"), ("AdamW", "adamw"), ("RMSprop", "rmsprop"), ("SGD with momentum", "sgd")),
    )
    schedule: str = setting(
        "constant",
        "How corrections change over time (schedule)",
        "Cosine lets the learning rate sink smoothly to zero by the last round.",
        choices=(("constant", "constant"), ("cosine", "cosine")),
    )
    augmentation: str = setting(
        "off",
        "Vary the photos (augmentation)",
        "Shows mirrored, turned, zoomed and re-lit versions of your photos, so that few photos go further.",
        choices=(("off", "off"), ("light", "light"), ("strong", "strong")),
    )
    augmentation_views: int = setting(
        4,
        "Variations of each photo (views)",
        "How many varied versions of each photo the network looks at, each once; every round shows one of them. "
        "0: new ones every round, which takes about as long per round as all of them together.",
        minimum=0,
        maximum=64,
    )
    refinement: str = setting(
        "auto",
        "Improve the answer at the end (refinement)",
        "After the new layers have learned and were measured, a second answer is computed from several depths of the "
        "frozen network, and kept where it is better on photos that it did not learn from. Only for the plain head: "
        "average pooling, no extra layer, nothing fine-tuned.",
        choices=(("automatic", "auto"), ("off", "off")),
    )
    feature_depths: str = setting(
        "auto",
        "Depths that the refinement looks at (feature depths)",
        "What the network sees before its last layers helps with photos unlike those it learned from. "
        "Automatic: as much as helps.",
        choices=(("automatic", "auto"), ("the last only", "last"), ("several", "several")),
    )
    mirrored_views: str = setting(
        "auto",
        "Also look at the mirrored photo (mirrored views)",
        "The refined answer is the average for the photo and its mirror image: better for most things, not for "
        "writing, and an answer takes twice as long. Automatic: where it helps.",
        choices=(("automatic", "auto"), ("never", "off"), ("always", "on")),
    )
    penalty: float | None = setting(
        None,
        "How simple the refined answer stays (L2 penalty)",
        "Keeps the refined answer simple: higher for few photos. Empty: the one that is best for photos left out.",
        minimum=1e-6,
        maximum=1e4,
        empty="the best for photos left out",
    )
    class_weights: str = setting(
        "auto",
        "Even out small classes (class weights)",
        "Makes photos of small classes count more. "
        "Automatic: when the biggest class has twice the photos of the smallest.",
        choices=(("automatic", "auto"), ("always", "balanced"), ("never", "off")),
    )
    early_stopping_patience: int = setting(
        10,
        "Stop when it no longer improves (early stopping)",
        "Rounds without improvement on the validation photos before a phase ends. 0: never. "
        "The best round is kept either way.",
        minimum=0,
        maximum=1000,
    )
    split_by: str = setting(
        "photo",
        "What is dealt out for the test (split by)",
        "Group: photos that belong together, such as those of one person, series, burst or day, or near copies, are "
        "all for training or all for the test, so that the result is not too good to be true.",
        choices=(("single photos", "photo"), ("groups of photos", "group")),
    )
    seed: int = setting(
        0,
        "Number that chance begins with (seed)",
        "The same seed gives the same split and the same training.",
        minimum=0,
        maximum=2**31 - 1,
    )
    name: str = setting("", "Name of the run", "Whatever helps you find it again.", longest=200)

    @property
    def fine_tunes(self) -> bool:
        """Whether there is a second phase: some layers are unfrozen and it has epochs."""
        return self.frozen_layers is not None and self.fine_tune_epochs > 0

    @property
    def refines(self) -> bool:
        """Whether a refinement follows: it is wanted, and the head is of the plain kind that it can stand for."""
        return self.refinement != "off" and self.pooling == "avg" and not self.hidden_units and not self.fine_tunes

    @property
    def total_epochs(self) -> int:
        """Epochs of both phases together, before any early stopping."""
        return self.head_epochs + (self.fine_tune_epochs if self.fine_tunes else 0)

    def validated(self) -> Self:
        """This config, when every value is within its limits.

        Raises:
            ConfigError: naming the setting, its limits and the value found.
        """
        super().validated()
        if self.total_epochs == 0:
            raise ConfigError(
                "There is nothing to train: no phase has any rounds (epochs).",
                expected="rounds for the new layers, or rounds of fine-tuning and some layers unfrozen",
                found=f"0 rounds for the new layers, {self.fine_tune_epochs} of fine-tuning, and "
                + f"{'all' if self.frozen_layers is None else self.frozen_layers} layers frozen",
                fix="Give the new layers some rounds, or unfreeze layers and give fine-tuning some.",
            )
        return self

"""The pretrained networks on offer, as records: names and numbers, no Keras.

Every network of `keras.applications` is one row below, after those whose weights are installed with Transfer.
Accuracies are ImageNet top-1 as listed on the Keras Applications page (https://keras.io/api/applications/; for
MobileNetV3 in its source, for EfficientNet-Lite at https://github.com/tensorflow/tpu/tree/master/models/official), at
width 1. Sizes belong to the network without its ImageNet classifier, which is what Transfer downloads. A row tells how
a network is fed and when to choose it; its layers are in `layers`, the files with what it knows are in `weights`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from transfer.errors import ConfigError


@dataclass(frozen=True)
class Backbone:
    """One pretrained network.

    Attributes:
        name: its function in `keras.applications`, or in `transfer.learning.model.efficientnet_lite`.
        family: the group it is shown in.
        image_size: the side in pixels of the photos it learned from.
        minimum_size: the smallest side Keras builds it for.
        preprocessing: how it wants its pixels: "tf" (-1 to 1), "caffe" (BGR minus the mean), "torch" (0 to 1,
            then normalised per colour), "lite" (minus 127, divided by 128), "inside" (0 to 255, it does the rest).
        parameters: numbers in it, without classifier, at width 1.
        top1: share of ImageNet validation photos whose class it names first, at width 1.
        download_mb: size of its weights file without classifier, at width 1, in megabytes of a million bytes.
        alphas: the widths it comes in with ImageNet weights; (1.0,) when there is no choice.
        weight_sizes: photo sizes with weights files of their own; () when one file serves every size.
        advice: one line saying when to choose it.
    """

    name: str
    family: str
    image_size: int
    minimum_size: int
    preprocessing: str
    parameters: int
    top1: float
    download_mb: float
    advice: str
    alphas: tuple[float, ...] = (1.0,)
    weight_sizes: tuple[int, ...] = ()


RECOMMENDED = "EfficientNetLite0"

_V1, _V2, _V3 = (0.25, 0.5, 0.75, 1.0), (0.35, 0.5, 0.75, 1.0, 1.3, 1.4), (0.75, 1.0)
_SIZES = (128, 160, 192, 224)

# fmt: off
_RECORDS = (
    Backbone("EfficientNetLite0", "EfficientNet-Lite", 224, 32, "lite", 3413024, 0.751, 18.8,
             "Choose it when you are not sure: it is here already, quick without a GPU, and good with few photos."),
    Backbone("EfficientNetLite1", "EfficientNet-Lite", 240, 32, "lite", 4189344, 0.767, 21.9,
             "Choose it for a little more accuracy than Lite0 at twice the time."),
    Backbone("EfficientNetLite2", "EfficientNet-Lite", 260, 32, "lite", 4869168, 0.776, 24.7,
             "Choose it for the best accuracy of those that need no download but a Python package."),
    Backbone("MobileNet", "MobileNet", 224, 32, "tf", 3228864, 0.704, 13.1,
             "Choose it on a slow computer, or when you want the very simplest small network.", _V1, _SIZES),
    Backbone("MobileNetV2", "MobileNet", 224, 32, "tf", 2257984, 0.713, 9.4,
             "Choose it when small and quick matters more than the last points of accuracy.", _V2, (96, *_SIZES)),
    Backbone("MobileNetV3Small", "MobileNet", 224, 32, "inside", 939120, 0.681, 4.3,
             "Choose it when speed on phones and small computers matters most.", _V3),
    Backbone("MobileNetV3Large", "MobileNet", 224, 32, "inside", 2996352, 0.756, 12.7,
             "Choose it for phones when MobileNetV3Small is not accurate enough.", _V3),
    Backbone("EfficientNetV2B0", "EfficientNetV2", 224, 32, "inside", 5919312, 0.787, 24.3,
             "Choose it as the next step up from MobileNet: more accurate, still fine without a GPU."),
    Backbone("EfficientNetV2B1", "EfficientNetV2", 240, 32, "inside", 6931124, 0.798, 28.5,
             "Choose it for a little more accuracy than B0 at a little more time."),
    Backbone("EfficientNetV2B2", "EfficientNetV2", 260, 32, "inside", 8769374, 0.805, 35.8,
             "Choose it when B1 falls short and you can wait longer, or have a GPU."),
    Backbone("EfficientNetV2B3", "EfficientNetV2", 300, 32, "inside", 12930622, 0.820, 52.6,
             "Choose it with a GPU, for detail that smaller photos lose."),
    Backbone("EfficientNetV2S", "EfficientNetV2", 384, 32, "inside", 20331360, 0.839, 82.4,
             "Choose it with a GPU: among the best accuracy for its size."),
    Backbone("EfficientNetV2M", "EfficientNetV2", 480, 32, "inside", 53150388, 0.853, 214.2,
             "Choose it with a large GPU, when accuracy matters more than time."),
    Backbone("EfficientNetV2L", "EfficientNetV2", 480, 32, "inside", 117746848, 0.857, 473.2,
             "Choose it with a large GPU and patience, for the last bit of accuracy."),
    Backbone("ResNet50", "ResNet", 224, 32, "caffe", 23587712, 0.749, 94.8,
             "Choose it when you want the network most papers compare themselves with."),
    Backbone("ResNet101", "ResNet", 224, 32, "caffe", 42658176, 0.764, 171.4,
             "Choose it when ResNet50 suits your photos and you have a GPU for twice the depth."),
    Backbone("ResNet152", "ResNet", 224, 32, "caffe", 58370944, 0.766, 234.7,
             "Choose it only to compare with results that used it; newer networks do more with less."),
    Backbone("ResNet50V2", "ResNet", 224, 32, "tf", 23564800, 0.760, 94.7,
             "Choose it over ResNet50 unless you need the original: better in the same time."),
    Backbone("ResNet101V2", "ResNet", 224, 32, "tf", 42626560, 0.772, 171.3,
             "Choose it when ResNet50V2 suits your photos and you have a GPU."),
    Backbone("ResNet152V2", "ResNet", 224, 32, "tf", 58331648, 0.780, 234.5,
             "Choose it when ResNet101V2 suits your photos and time does not matter."),
    Backbone("EfficientNetB0", "EfficientNet", 224, 32, "inside", 4049571, 0.771, 16.7,
             "Choose it for good accuracy from a small download; slower than its size suggests."),
    Backbone("EfficientNetB1", "EfficientNet", 240, 32, "inside", 6575239, 0.791, 27.0,
             "Choose it for a little more accuracy than B0 at a little more time."),
    Backbone("EfficientNetB2", "EfficientNet", 260, 32, "inside", 7768569, 0.801, 31.8,
             "Choose it when B1 falls short and you can wait longer."),
    Backbone("EfficientNetB3", "EfficientNet", 300, 32, "inside", 10783535, 0.816, 43.9,
             "Choose it with a GPU, for detail that smaller photos lose."),
    Backbone("EfficientNetB4", "EfficientNet", 380, 32, "inside", 17673823, 0.829, 71.7,
             "Choose it with a GPU, for fine differences in large photos."),
    Backbone("EfficientNetB5", "EfficientNet", 456, 32, "inside", 28513527, 0.836, 115.3,
             "Choose it with a large GPU, when B4 is not accurate enough."),
    Backbone("EfficientNetB6", "EfficientNet", 528, 32, "inside", 40960143, 0.840, 165.2,
             "Choose it with a large GPU and small batches; EfficientNetV2S is as good and much quicker."),
    Backbone("EfficientNetB7", "EfficientNet", 600, 32, "inside", 64097687, 0.843, 258.1,
             "Choose it only for very large photos and a large GPU; EfficientNetV2M is better and quicker."),
    Backbone("DenseNet121", "DenseNet", 224, 32, "torch", 7037504, 0.750, 29.1,
             "Choose it for textures and medical pictures, where it has a long record."),
    Backbone("DenseNet169", "DenseNet", 224, 32, "torch", 12642880, 0.762, 51.9,
             "Choose it when DenseNet121 suits your photos and you can wait longer."),
    Backbone("DenseNet201", "DenseNet", 224, 32, "torch", 18321984, 0.773, 74.8,
             "Choose it when DenseNet169 suits your photos and you have a GPU."),
    Backbone("InceptionV3", "Inception and Xception", 299, 75, "tf", 21802784, 0.779, 87.9,
             "Choose it for things that appear at very different sizes in the photos."),
    Backbone("InceptionResNetV2", "Inception and Xception", 299, 75, "tf", 54336736, 0.803, 219.1,
             "Choose it with a GPU, when InceptionV3 suits your photos but falls short."),
    Backbone("Xception", "Inception and Xception", 299, 71, "tf", 20861480, 0.790, 83.7,
             "Choose it for a solid, accurate network of middle size; a GPU helps."),
    Backbone("NASNetMobile", "NASNet", 224, 32, "tf", 4269716, 0.744, 20.0,
             "Choose it to compare with a network that a computer designed; MobileNetV3Large is quicker."),
    Backbone("NASNetLarge", "NASNet", 331, 32, "tf", 84916818, 0.825, 343.6,
             "Choose it with a large GPU to compare with older results; EfficientNetV2S is better and smaller."),
    Backbone("ConvNeXtTiny", "ConvNeXt", 224, 32, "inside", 27820128, 0.813, 111.7,
             "Choose it with a GPU: modern, accurate, and fine-tunes well."),
    Backbone("ConvNeXtSmall", "ConvNeXt", 224, 32, "inside", 49454688, 0.823, 198.6,
             "Choose it when ConvNeXtTiny suits your photos and your GPU has room."),
    Backbone("ConvNeXtBase", "ConvNeXt", 224, 32, "inside", 87566464, 0.853, 350.9,
             "Choose it with a large GPU: very accurate at an ordinary photo size."),
    Backbone("ConvNeXtLarge", "ConvNeXt", 224, 32, "inside", 196230336, 0.863, 785.6,
             "Choose it with a very large GPU, when ConvNeXtBase is not accurate enough."),
    Backbone("ConvNeXtXLarge", "ConvNeXt", 224, 32, "inside", 348147968, 0.867, 1393.3,
             "Choose it when nothing else is accurate enough: the most accurate here, and by far the largest."),
    Backbone("VGG16", "VGG", 224, 32, "caffe", 14714688, 0.713, 58.9,
             "Choose it to follow the classic tutorial, or to see inside: plain, easy to draw, slow."),
    Backbone("VGG19", "VGG", 224, 32, "caffe", 20024384, 0.713, 80.1,
             "Choose it only to compare with results that used it; VGG16 is as good and quicker."),
)
# fmt: on

BACKBONES: dict[str, Backbone] = {record.name: record for record in _RECORDS}
FAMILIES: dict[str, tuple[Backbone, ...]] = {
    family: tuple(record for record in _RECORDS if record.family == family)
    for family in dict.fromkeys(record.family for record in _RECORDS)
}


def backbone(name: str) -> Backbone:
    """The record of a network; capitals do not matter.

    Raises:
        ConfigError: for a name not in the table, with the nearest names that are.
    """
    known = {key.lower(): record for key, record in BACKBONES.items()}
    record = known.get(name.strip().lower())
    if record is None:
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        names = [known[key].name for key in near] or [RECOMMENDED]
        raise ConfigError(
            f"There is no network called “{name}”.",
            expected="a network of the list, or the path of a .keras file",
            found=repr(name),
            fix=f"Did you mean {' or '.join(names)}? The whole list: python -m transfer backbones.",
        )
    return record

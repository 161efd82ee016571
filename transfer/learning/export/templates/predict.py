"""What is on a photo?   python predict.py PHOTO... [--json]      (first: pip install -r requirements.txt)"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from network import probabilities
from photo import read_photo

HERE = Path(__file__).parent
AT_ONCE = 16  # photos

parser = argparse.ArgumentParser(description="What is on a photo?")
parser.add_argument("photos", nargs="*", metavar="PHOTO")
parser.add_argument("--json", action="store_true", help="a line of JSON for each photo")
parser.add_argument("--list", metavar="FILE", help="a JSON list of more photos")
parser.add_argument("--alone", action="store_true", help=f"look at the first {AT_ONCE} one at a time, to time it")
options = parser.parse_args()

labels = (HERE / "labels.txt").read_text("utf-8").splitlines()
size = json.loads((HERE / "model.json").read_text("utf-8"))["image_size"]
paths = options.photos + (json.loads(Path(options.list).read_text("utf-8")) if options.list else [])
trust = None
if (HERE / "trust.npz").exists():
    from trust import Trust

    trust = Trust.read(HERE / "trust.npz")
    if trust.width:
        from network import look
alone = min(AT_ONCE, len(paths)) if options.alone else 0

for some in [[path] for path in paths[:alone]] + [paths[i : i + AT_ONCE] for i in range(alone, len(paths), AT_ONCE)]:
    began = time.perf_counter()
    photos = {}
    for path in some:
        try:
            photos[path] = read_photo(path, size)  # the whole photo squashed to (size, size, 3), RGB, 0 to 255
        except (OSError, ValueError) as trouble:
            print(f"{path}: {trouble}", file=sys.stderr)
    if not photos:
        continue
    read = time.perf_counter()
    if trust and trust.width:
        found, features = look(np.stack(list(photos.values())))
    else:
        found, features = probabilities(np.stack(list(photos.values()))), None
    whole, network = (1000 * (time.perf_counter() - since) / len(photos) for since in (began, read))
    told = trust.tell(found, features) if trust else [None] * len(found)
    for path, row, each in zip(photos, found, told, strict=True):
        possible = [labels[i] for i in each.possible] if each else []  # 9 of 10 times the right one is among them
        if options.json:
            classes = dict(zip(labels, row.tolist(), strict=True))
            times = {"milliseconds": whole, "network_milliseconds": network}
            doubts = {"possible": possible, "unfamiliar": each.unfamiliar} if each else {}
            print(json.dumps({"path": path, **times, "classes": classes, **doubts}), flush=True)
        else:
            best = np.argsort(-row)[:3]
            text = f"{path}: " + ", ".join(f"{labels[i]} {row[i]:.1%}" for i in best)
            if each and each.unfamiliar:
                text += "; it may be nothing that it has learned"
            elif len(possible) > 1:
                text += f"; may be {' or '.join(possible)}"
            print(text, flush=True)

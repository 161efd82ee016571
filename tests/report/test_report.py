"""The report of a run: everything in one file, nothing that runs or comes from outside, no name that is believed."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.drawing.test_galleries import ODD, predicted
from tests.ui.conftest import HOSTILE, epoch, measured, read
from transfer.dataset.dataset import Corrected
from transfer.messages.endings import Finished
from transfer.messages.events import Changed, Started
from transfer.processes.photo_reader import PhotoReader
from transfer.report.report import report
from transfer.runs.review import Leak, Review
from transfer.runs.run import Run
from transfer.runs.workspace import Workspace


def test_everything_is_in_one_file(new_run: Callable[..., Run], tmp_path: Path, photos: PhotoReader) -> None:
    run = new_run(classes=("cat", ODD), name=HOSTILE, head_learning_rate=0.02)
    made = dataclasses.replace(run.dataset, corrections=(Corrected("cat/0.jpg", "cat0", ODD, "cat"),))
    run = Workspace(run.path.parent.parent).create(run.config, made)
    (tmp_path / "pets" / ODD).mkdir(parents=True)
    Image.new("RGB", (900, 300), "red").save(tmp_path / "pets" / ODD / "3.jpg")
    run.log.append(Started(device=HOSTILE))
    for step in range(1, 8):
        epoch(run, step)
    run.log.append(Changed(step=3, settings={"head_epochs": 50}, before={"head_epochs": 100}, asked=1.0))
    measured(run)
    leak = Leak("test", 8, 8, 4, 0, signs={"copy": 8})  # no others
    run.review_file.write_text(json.dumps(Review(8, 0, leak=leak).to_dict()))
    predicted(run, (f"{ODD}/3.jpg", ODD, "cat", 0.9))
    dataclasses.replace(run.notes, note=HOSTILE).write(run.path)
    run.log.append(Finished())
    html = report(run, photos.thumbnails)
    head, body = html[: html.index("<body")], html[html.index("<body") : html.index("</html>")]
    page = read(body)
    for words in ("Right on 4 of 8", "95 % interval", "What it takes for what", "Class by class", "Its worst mistakes",
                  "Right answers (accuracy)", "Changed while it trained.", "For the final mark (test)", "is torn",
                  "Learning rate of the new layers", "0.02", "fewer than 20 photos", "Python 3.",
                  "Labels were corrected by hand, 1 correction: 1 moved.", "may be too good to be true"):  # fmt: skip
        assert words in page.text, words
    assert not {"script", "link", "iframe", "form", "object"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not page.having("href") or all(each.startswith("#") for each in page.having("href"))
    assert [each[:23] for each in page.having("src")] == ["data:image/webp;base64,"] * 2
    assert "default-src &#39;none&#39;" in head and head.count("<style>") == head.count("</style>") == 1
    assert "alert(1)" in head and "<img" not in head, "in the title"
    addresses = set(re.findall(r"https?://[^\"' )]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert str(tmp_path) not in html, "where it lies on this machine is nobody's business"
    assert "@media print" in html and len(html) < 400_000


def test_of_a_run_that_has_not_begun_it_says_what_there_is(new_run: Callable[..., Run], photos: PhotoReader) -> None:
    html = report(new_run(), photos.thumbnails)
    text = read(html[html.index("<body") : html.index("</html>")]).text
    assert "Next in line." in text and "What was chosen" in text and "How good it is" not in text

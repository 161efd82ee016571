"""The program that reads photos: `python -m transfer.processes.photo_server` answers what takes a decoder.

Photos come from anywhere, and decoders are large programs written for speed. They never run in the page's own process,
so what one of them does, or takes in memory, ends with a program that is started anew. Who asks is `photo_reader`.
"""

from __future__ import annotations

import base64
import io
from functools import singledispatch
from pathlib import Path
from typing import Any

from PIL import Image

from transfer.dataset import groups, thumbnails
from transfer.dataset.integrity import read_photos
from transfer.messages.photo_questions import (
    Checked,
    CheckPhotos,
    ContactSheets,
    Moments,
    Pictures,
    Preview,
    TakenAt,
    Thumbnails,
)
from transfer.processes import serving

NAME = "program that reads photos"


@singledispatch
def answer(question: Any) -> Any:
    """The answer to a question, of the dataclass `question.answer`."""
    raise NotImplementedError(f"nothing answers {type(question).__name__}")


@answer.register
def check_photos(asked: CheckPhotos) -> Checked:
    return Checked(tuple((each.digest, each.reason) for each in read_photos([Path(file) for file in asked.files])))


@answer.register
def taken_at(asked: TakenAt) -> Moments:
    return Moments(tuple(groups.taken([Path(file) for file in asked.files])))


@answer.register
def small(asked: Thumbnails) -> Pictures:
    return Pictures(tuple(_encoded(thumbnails.thumbnail(Path(file), asked.size)) for file in asked.files))


@answer.register
def contact_sheets(asked: ContactSheets) -> Pictures:
    return Pictures(tuple(_encoded(thumbnails.contact_sheet([Path(f) for f in sheet])) for sheet in asked.sheets))


@answer.register
def preview(asked: Preview) -> Pictures:
    paths = [Path(file) for file in asked.files]
    return Pictures((_encoded(thumbnails.augmentation_preview(paths, asked.strength, 0, 128)),))


def _encoded(image: Image.Image | None) -> str | None:
    if image is None:
        return None
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85)
    return base64.b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    serving.main(NAME, answer)

"""A server that says what is on photos.

    pip install -r requirements.txt
    uvicorn server:app --port 8000                        (or with Docker, see README.md)
    curl -F photo=@photo.jpg http://127.0.0.1:8000/predict

GET /health says whether it can answer, and which classes it knows. POST /predict takes one photo, as the file `photo`
of a form or as the body itself, and gives JSON: `label`, `classes` with the likeliest first, those that are
`possible` (9 of 10 times the right one is among them), and `milliseconds`. What
is wrong with a request is said in words, in `detail`. There is no password: put it behind something that has one before
others can reach it.
"""

import io
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from network import probabilities
from photo import read_photo

HERE = Path(__file__).parent
MEGABYTES = float(os.environ.get("MAX_MEGABYTES", "20"))  # of a photo's file, at most
ABOUT = json.loads((HERE / "model.json").read_text("utf-8"))
LABELS = (HERE / "labels.txt").read_text("utf-8").splitlines()
TRUST = None  # of earlier versions
if (HERE / "trust.npz").exists():
    from trust import Trust

    TRUST = Trust.read(HERE / "trust.npz")

app = FastAPI(title=ABOUT["name"], docs_url=None, redoc_url=None)  # those pages fetch programs from elsewhere
one_at_a_time = threading.Lock()  # the network takes all cores there are


@app.get("/health")
def health() -> dict[str, Any]:
    return {"status": "ok", "name": ABOUT["name"], "classes": LABELS, "image_size": ABOUT["image_size"]}


@app.post("/predict")
async def predict(request: Request) -> dict[str, Any]:
    body = await within_limit(request)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        body = await file_of_form(request, body)
    if not body:
        raise HTTPException(422, "There is no photo in it: send one as the form's file “photo”, or as the body.")
    return await run_in_threadpool(answer, body)


def answer(file: bytes) -> dict[str, Any]:
    """What is on a photo, given as the bytes of its file."""
    began = time.perf_counter()
    with one_at_a_time:
        try:
            photo = read_photo(io.BytesIO(file), ABOUT["image_size"])
        except (OSError, ValueError) as trouble:
            raise HTTPException(422, f"The photo cannot be read: {trouble}.") from trouble
        (row,) = probabilities(photo[None])
    milliseconds = round(1000 * (time.perf_counter() - began), 2)
    classes = {LABELS[i]: float(row[i]) for i in np.argsort(-row)}
    possible = [LABELS[i] for i in TRUST.tell(row[None])[0].possible] if TRUST else list(classes)[:1]
    return {"label": next(iter(classes)), "possible": possible, "classes": classes, "milliseconds": milliseconds}


async def within_limit(request: Request) -> bytes:
    """The body; refused as soon as it is too long, so that a large one fills neither memory nor disk."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MEGABYTES * 1e6:
            raise HTTPException(413, f"The photo is too large: at most {MEGABYTES:g} MB are taken.")
    return bytes(body)


async def file_of_form(request: Request, body: bytes) -> bytes:
    """The file `photo` of a form that was read already; b"" when it has none."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async with Request(request.scope, receive).form(max_files=1, max_fields=4) as form:
        file = form.get("photo")
        return b"" if file is None or isinstance(file, str) else await file.read()

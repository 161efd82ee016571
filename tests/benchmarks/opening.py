"""How long a person waits from the address to a page that answers, beside a page of Gradio with one button.

    python -m tests.benchmarks.opening [--repeats 5]

Both are opened in Chromium in turn, in a new profile each time. A page is ready when its first listener was answered:
before that, a click falls on a page that cannot answer yet. Prints the medians, and the processor time that the browser
takes for a page nobody touches.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import psutil

from tests.benchmarks import drive
from tests.chromium import launched

SETTLED = 10.0  # seconds after which everything that a page begins with is over
IDLE = 20.0  # seconds for which nobody touches it


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    with gr.Blocks() as bare:
        said = gr.HTML()
        gr.Button("Nothing").click(lambda: None)
        bare.load(lambda: "<p class='ready'>Ready</p>", None, said)
    _, bare_url, _ = bare.launch(prevent_thread_lock=True, quiet=True)
    seconds: dict[str, list[float]] = {"one button": [], "ours": []}
    idle = {}
    with tempfile.TemporaryDirectory() as folder, drive.served_page(Path(folder)) as url, launched() as browser:
        pages = {"one button": (bare_url, ".ready"), "ours": (url, "#photos-state .t-empty")}
        for _ in range(options.repeats + 1):  # the first time the programs themselves get ready
            for name, (address, ready) in pages.items():
                seconds[name].append(_opened(browser, address, ready, lambda: None))
        for name, (address, ready) in pages.items():
            _opened(browser, address, ready, lambda name=name: idle.update({name: _idle()}))  # type: ignore[misc]
    bare.close()
    print("| page | ready after | processor time of the browser, untouched |\n| --- | --- | --- |")
    for name, all_of_it in seconds.items():
        print(f"| {name} | {statistics.median(all_of_it[1:]):.2f} s | {100 * idle[name]:.1f} % of a core |")


def _opened(browser: Any, address: str, ready: str, then: Callable[[], object]) -> float:
    """Seconds until a page is ready; `then` something is done beside it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    began = time.monotonic()
    page.goto(address)
    page.locator(ready).wait_for(timeout=120_000)
    took = time.monotonic() - began
    then()
    context.close()
    return took


def _idle() -> float:
    """Cores that the browser takes while nobody does anything."""
    time.sleep(SETTLED)
    began = _browser_seconds()
    time.sleep(IDLE)
    return (_browser_seconds() - began) / IDLE


def _browser_seconds() -> float:
    used = 0.0
    for process in psutil.Process().children(recursive=True):
        if "chrom" in process.name():
            times = process.cpu_times()
            used += times.user + times.system
    return used


if __name__ == "__main__":
    main()

"""A study of networks as HTML, from real study directories, in every state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.advice.test_networks import measured
from tests.runs.test_study import new_study
from tests.ui.conftest import HOSTILE, drawing, read, words
from transfer.commands.findings import NetworkFindings
from transfer.errors import ConfigError
from transfer.messages.endings import Died, Failed, Finished, Stopped
from transfer.messages.events import Launched, Progressed
from transfer.messages.measurements import NetworkLeftOut, Planned
from transfer.runs.study import Study
from transfer.runs.workspace import Workspace
from transfer.ui.network import findings


@pytest.fixture
def study(workspace: Workspace, tmp_path: Path) -> Study:
    return new_study(workspace, tmp_path)


def shown(study: Study) -> str:
    return str(findings.state(study, NetworkFindings.of(study)))


def going(study: Study) -> None:
    study.log.append(Launched())
    study.log.append(Planned(steps=("MobileNet", "VGG16", "VGG19"), seconds=(1.0, 60.0, 60.0)))
    study.log.append(measured("MobileNet", "1" * 178 + "0" * 22, 90.0))


def test_waiting(study: Study) -> None:
    page = read(shown(study))
    assert "Next in line. It begins as soon as this machine is free." in page.text
    assert "not on this machine, with published figures" in page.text and "t-measured button" not in page.text


def test_results_come_in_one_by_one(study: Study) -> None:
    with study.lock.acquire(timeout=1):
        going(study)
        study.log.append(Progressed(stage="features", message=HOSTILE, done=5, total=10))
        page = read(shown(study))
        assert "VGG16: <img src=x" in page.text and "1 of 3 networks, about 2 min left" in page.text
        assert page.having("aria-valuenow") == ["50"] and page.having("data-network") == ["MobileNet"]
        assert "Recommended: MobileNetIt is the only one measured." in page.text
        study.log.append(measured("VGG16", "1" * 180 + "0" * 20, 5.0))
        study.request_stop()
        page = read(shown(study))
        assert "Stopping: what was measured so far is kept." in page.text
        assert page.having("data-network") == ["VGG16", "MobileNet"], "the most accurate first"


def test_the_end(study: Study) -> None:
    going(study)
    study.log.append(measured("VGG16", "0" * 20 + "1" * 180, 5.0))
    reason = "Out of time: the limit was 10 min."
    study.log.append(NetworkLeftOut(step="VGG19", seconds=0, backbone="VGG19", alpha=1, image_size=224, reason=reason))
    study.log.append(Finished())
    html = shown(study)
    page = read(html)
    assert "Recommended: MobileNet" in page.text and "recommended" in page.text and "within noise" in page.text
    assert "VGG19 was not measured.Out of time" in page.text
    assert "Measured on 200 of your photos" in page.text
    tree = drawing(html)
    assert "1 VGG16: 90% right, 5 photos a second; 2 MobileNet: 89% right" in str(tree.get("aria-label"))
    assert {"1", "2", "photos a second on this machine"} <= set(words(tree))


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (lambda study: study.log.append(Died(message="Out of memory.")), "Measuring was interrupted.Out of memory."),
        (lambda study: study.log.append(Stopped(message="")), "Stopped.No network was measured."),
        (lambda study: study.log.append(Failed.of(ConfigError("No network.", fix=HOSTILE))), "What to do<img src=x"),
    ],
)
def test_an_end_without_anything(study: Study, end: Callable[[Study], None], says: str) -> None:
    study.log.append(Launched())
    end(study)
    assert says in read(shown(study)).text

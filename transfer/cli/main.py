"""The command line: `python -m transfer COMMAND`, the same desk as the page without a browser.

Every command takes `--workspace DIR` and `--json`. Exit code 0: the work was done; 1: it was not; 2: a mistake that the
user can put right, said in the same words as in the page.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from transfer.cli import commands, trained
from transfer.cli.findings import OF_A_NETWORK
from transfer.cli.output import print_json
from transfer.cli.review import review
from transfer.commands.desk import Desk
from transfer.config import RunConfig
from transfer.errors import TransferError
from transfer.formats import FORMATS
from transfer.home import expanded
from transfer.runs.changes import LIVE, ON_RESUME
from transfer.runs.workspace import Workspace


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):  # a file name that the terminal cannot show must not end the command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    workspace = Workspace(options.workspace) if options.workspace else Workspace.default()
    desk = Desk.open(workspace, None, workspace.path / "logs")
    try:
        if options.command is not commands.backbones:
            desk.prepare(to_look=options.command is commands.runs)
        code: int = options.command(desk, options)
        return code
    except TransferError as error:
        print(error, file=sys.stderr)
        if options.json:
            print_json({"error": error.to_dict()})
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `| head` is no mistake; Python must not complain about it at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        desk.close()


def parser() -> argparse.ArgumentParser:
    """All commands and their flags; `options.command` is the function in `commands` that was asked for."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--workspace", type=_place, metavar="DIR", help="where runs are kept (default: ~/Transfer)")
    shared.add_argument("--json", action="store_true", help="print the result as JSON")
    parser = argparse.ArgumentParser(prog="python -m transfer", description=(__doc__ or "").splitlines()[0])
    all_commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(function: commands.Command) -> argparse.ArgumentParser:
        added = all_commands.add_parser(
            function.__name__, help=function.__doc__, description=function.__doc__, parents=[shared]
        )
        added.set_defaults(command=function)
        return added

    command(commands.backbones)
    added = command(commands.check)
    added.add_argument("folder", metavar="FOLDER")
    added.add_argument("--seed", default=0, help="of the split")
    added = command(commands.advise)
    added.add_argument("folder", metavar="FOLDER")
    kinds = added.add_mutually_exclusive_group()
    for name, text in (("depth", "how deep to fine-tune a network"), ("learning_rate", "its learning rates")):
        flag = f"--{name.replace('_', '-')}"
        kinds.add_argument(flag, dest="kind", action="store_const", const=name, default="networks", help=text)
    added.add_argument("--minutes", type=float, help="what is not measured by then is left out (default: 10)")
    added.add_argument("--seed", default=0, help="of the split")
    for name in OF_A_NETWORK:
        text = f"{RunConfig.settings()[name].label}, with --depth and --learning-rate"
        added.add_argument(f"--{name.replace('_', '-')}", dest=name, help=text, metavar="VALUE")
    added = command(commands.train)
    added.add_argument("photos", metavar="FOLDER")
    _add_settings(added, lambda name: f"Default: {RunConfig.__dataclass_fields__[name].default!r}.")
    added.add_argument("--dry-run", action="store_true", help="only say what it would take: time, memory and disk")
    added = command(commands.clone)
    added.add_argument("run", metavar="RUN")
    _add_settings(added, lambda name: "Default: as in that run.")
    added = command(commands.queue)
    added.add_argument("run", metavar="RUN", nargs="?", help="which to move or to take off; none: only list them")
    moves = added.add_mutually_exclusive_group()
    moves.add_argument("--next", dest="place", action="store_const", const=1, help="it runs next")
    moves.add_argument("--up", dest="by", action="store_const", const=-1, default=0, help="before the one before it")
    moves.add_argument("--down", dest="by", action="store_const", const=1, help="behind the one behind it")
    moves.add_argument("--place", type=int, help="it gets this place, 1 being the next")
    moves.add_argument("--remove", action="store_true", help="it is taken off the queue")
    command(commands.stop).add_argument("run", metavar="RUN")
    command(commands.pause).add_argument("run", metavar="RUN")
    added = command(commands.change)
    added.add_argument("run", metavar="RUN")
    for name in LIVE:
        added.add_argument(
            f"--{name.replace('_', '-')}", dest=name, help=RunConfig.settings()[name].hint, metavar="VALUE"
        )
    added = command(commands.resume)
    added.add_argument("run", metavar="RUN")
    for name in ON_RESUME:
        text = f"{RunConfig.settings()[name].label} from now on, when memory ran out"
        added.add_argument(f"--{name.replace('_', '-')}", dest=name, help=text, metavar="VALUE")
    command(commands.runs)
    command(commands.compare).add_argument("runs", metavar="RUN", nargs="+")
    added = command(review)
    added.add_argument("run", metavar="RUN")
    added.add_argument("--again", action="store_true", help="look anew")
    added.add_argument("--keep", nargs="+", metavar="PHOTO", help="these are right as they are")
    added.add_argument("--move", nargs="+", metavar="PHOTO", help="these belong to another class, see --to")
    added.add_argument("--to", metavar="CLASS", help="the class that --move moves to")
    added.add_argument("--leave-out", nargs="+", metavar="PHOTO", help="nothing is to be learned from these")
    added.add_argument("--undo", nargs="*", metavar="PHOTO", help="take decisions back (all, where none are named)")
    added.add_argument("--copy", type=_place, metavar="FILE.zip", help="write the photos as corrected")
    added.add_argument("--train", action="store_true", help="train again with the corrections")
    added.add_argument("--by-group", action="store_true", help="… with photos that belong together on one side")
    command(trained.evaluate).add_argument("run", metavar="RUN")
    added = command(trained.report)
    added.add_argument("run", metavar="RUN")
    added.add_argument("--tensorboard", type=_place, metavar="FOLDER", help="also write its curves for TensorBoard")
    added = command(trained.predict)
    added.add_argument("run", metavar="RUN")
    added.add_argument("images", type=_place, nargs="+", metavar="IMAGE")
    added.add_argument("--top", type=int, default=3, help="how many classes to name (default: 3)")
    added.add_argument(
        "--why", type=_place, metavar="FOLDER", help="also a picture of each photo, into this folder: what it looked at"
    )
    added = command(trained.export)
    added.add_argument("run", metavar="RUN")
    added.add_argument("--format", choices=FORMATS, nargs="+", default=["keras"])
    added = command(trained.push)
    added.add_argument("run", metavar="RUN")
    added.add_argument("--to", required=True, metavar="USER/NAME", help="the repository, made if it is not there")
    added.add_argument("--public", action="store_true", help="for everybody to see (default: only for you)")
    added.add_argument("--demo", action="store_true", help="also a Space: the page that classifies in the browser")
    return parser


def _add_settings(command: argparse.ArgumentParser, default: Callable[[str], str]) -> None:
    """A flag for each setting but the photos."""
    for name, setting in RunConfig.settings().items():
        if name != "photos":
            choices = ", ".join(str(value) for _, value in setting.choices)
            text = f"{setting.hint} {f'One of {choices}. ' if choices else ''}{default(name)}".replace("%", "%%")
            command.add_argument(f"--{name.replace('_', '-')}", dest=name, help=text, metavar="VALUE")


def _place(text: str) -> Path:
    """An absolute path."""
    return expanded(text).resolve()


if __name__ == "__main__":
    sys.exit(main())

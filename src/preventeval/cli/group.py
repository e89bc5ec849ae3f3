"""The command group: commands are loaded when they are called, so that help is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType, TracebackType
from typing import Final

import click

from preventeval import __version__
from preventeval.errors import PreventEvalError

__all__ = ["main", "preventeval"]

#: Exit codes other than 0 (done) and 1 (a fault of ours, which Python sets itself).
BAD_INPUT: Final = 2
GATE_FAILED: Final = 3
_INTERRUPTED: Final = 130

#: Each command is the function of its name in the module of its name.
_COMMANDS: Final = MappingProxyType(
    {
        "init": "Write a commented spec and example data to start from.",
        "check": "Check a spec and its data; estimate nothing.",
        "run": "Evaluate a programme and write the reports.",
        "report": "Write the pages of a finished evaluation again.",
        "models": "List the methods, or show the card of one.",
        "schema": "Print the JSON schema of spec files.",
    }
)


class _LazyGroup(click.Group):
    """A group that knows the names of its commands, and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"preventeval.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a fault of this program, 2 bad usage, spec or data, "
    "3 done, but a computation failed its own check.",
)
@click.option("--debug", is_flag=True, help="Show where in the program an unexpected fault occurred.")
@click.version_option(__version__, prog_name="preventeval")
def preventeval(debug: bool) -> None:
    """Did a crime- or violence-prevention programme work, and how sure are we?

    Start with 'preventeval init', then 'preventeval run evaluation.toml --out results'.
    """
    if not debug:
        sys.excepthook = _explain_fault


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and end the process.

    Parameters
    ----------
    args
        Arguments; those of the process if left out.

    Raises
    ------
    SystemExit
        With 0 for done, 2 for bad usage, spec or data, 3 for done with a failed check of a
        computation. Anything unexpected passes through, and Python ends with 1.
    """
    try:
        code = preventeval.main(args, prog_name="preventeval", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = BAD_INPUT
    except PreventEvalError as error:
        click.echo(str(error), err=True)
        code = BAD_INPUT
    except click.Abort:
        click.echo("stopped", err=True)
        code = _INTERRUPTED
    sys.exit(code or 0)


def _explain_fault(kind: type[BaseException], fault: BaseException, traceback: TracebackType | None) -> None:
    """Say that an unexpected exception is our fault, in place of a traceback."""
    click.echo(
        f"This is a fault of preventeval {__version__}, not of your data: {kind.__name__}: {fault}\n"
        "  hint: 'preventeval --debug …' shows where; please report it together with that text",
        err=True,
    )

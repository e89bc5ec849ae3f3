"""The command line: ``preventeval init | check | run | report | models | schema``."""

from preventeval.cli.group import main

__all__ = ["main"]

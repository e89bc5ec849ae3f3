"""``preventeval schema``: print the JSON schema of spec files."""

from __future__ import annotations

import json

import click

__all__ = ["schema"]


@click.command()
@click.option("--facts", is_flag=True, help="Print the schema of facts.json instead.")
def schema(facts: bool) -> None:
    """Print the JSON schema of spec files, with which editors complete and check them.

    Save it beside the spec and name it in the spec's first line: #:schema ./evaluation.schema.json
    """
    if facts:
        from preventeval.report.facts import Facts

        document = Facts.model_json_schema()
    else:
        from preventeval.spec import spec_schema

        document = spec_schema()
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))

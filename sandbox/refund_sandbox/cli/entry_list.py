"""Lists of requests and deliveries: as a table or JSON, once or as new entries arrive."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from refund_sandbox.cli.output import print_json, print_list, table_row, without_none

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

Document = Mapping[str, Any]
Row = tuple[Any, ...]


class EntryList(NamedTuple):
    """Presentation of one kind of entry: its event, its columns, and their widths for entries that are still to come."""

    event: str
    columns: Sequence[str]
    widths: Sequence[int]
    row: Callable[[Document], Row]
    noun: str

    def show(self, entries: Sequence[Document], *, as_json: bool, is_filtered: bool = False) -> None:
        empty = f"No matching {self.noun}." if is_filtered else f"No {self.noun} yet."
        print_list(entries, self.columns, map(self.row, entries), empty=empty, as_json=as_json)

    def follow(self, client: "Client", filters: Document, *, as_json: bool) -> None:
        """Print new entries that match the filters, until the server stops or Ctrl-C."""
        filters = without_none(filters)
        if not as_json:
            click.echo(table_row(self.columns, self.widths))
        for event, entry in client.events():
            if event != self.event or any(str(entry[name]) != str(value) for name, value in filters.items()):
                continue
            if as_json:
                print_json(entry)
            else:
                click.echo(table_row(self.row(entry), self.widths))

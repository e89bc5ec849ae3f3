"""What happened to the records on their way to counts, in sentences and in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from preventeval.words import Message
from preventeval.words import Values as MessageValues

__all__ = ["DataStatement", "Note", "Severity", "Values", "in_order", "make_note"]

Severity = Literal["info", "caution", "stop"]
Values = Mapping[str, str | int]
_ORDER: Final[tuple[Severity, ...]] = ("info", "caution", "stop")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that the reader of the counts should know.

    Parameters
    ----------
    code
        Name of the kind of note, the same in every language.
    severity
        ``"info"``, ``"caution"`` (look at it) or ``"stop"`` (do not go on before it is settled).
    values
        What the sentence is filled with; ``count`` is ``n_rows``.
    n_rows
        How many rows of the records it is about; 0 where it is not about rows.
    example_rows
        Numbers of the first few of these rows, counted from 1 (a file's header is row 1).
    lost
        Whether these rows were not counted. Each row that was not counted is in one such note.
    """

    code: str
    severity: Severity
    values: Values
    n_rows: int = 0
    example_rows: tuple[int, ...] = ()
    lost: bool = False

    @property
    def message(self) -> Message:
        """The note as the catalogues of sentences take it."""
        return Message(f"intake-{self.code.replace('_', '-')}", self.values)

    @property
    def sentence(self) -> str:
        """The note in English."""
        return str(self.message)


@dataclass(frozen=True, slots=True)
class DataStatement:
    """What was read, what was counted, and what became of the rest.

    Parameters
    ----------
    source
        The file's name, or "the table of incidents".
    rows_read
        Rows of the records.
    rows_counted
        Rows that stand in a count. What is missing from ``rows_read`` is in the notes:
        ``rows_read == rows_counted + rows_lost``.
    notes
        Most severe first.
    """

    source: str
    rows_read: int
    rows_counted: int
    notes: tuple[Note, ...]

    @property
    def rows_lost(self) -> int:
        """Rows that stand in no count."""
        return sum(note.n_rows for note in self.notes if note.lost)

    @property
    def severity(self) -> Severity:
        """The most severe of the notes; "info" where there is none."""
        return max((note.severity for note in self.notes), key=_ORDER.index, default="info")

    def note(self, code: str) -> Note | None:
        """The note of one kind; None where there is none.

        Parameters
        ----------
        code
            Name of the kind of note.
        """
        return next((note for note in self.notes if note.code == code), None)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The totals and every note, for reports."""
        totals: MessageValues = {
            "source": self.source,
            "read": self.rows_read,
            "counted": self.rows_counted,
            "lost": self.rows_lost,
        }
        return (Message("intake-totals", totals), *(note.message for note in self.notes))

    def summary(self) -> str:
        """The statement as text, one line per note."""
        return "\n".join(
            [str(self.messages[0]), *(f"  {note.severity:<8}{_with_rows(note)}" for note in self.notes)]
        )


def make_note(
    code: str,
    severity: Severity,
    values: Values,
    *,
    n_rows: int = 0,
    example_rows: tuple[int, ...] = (),
    lost: bool = False,
) -> Note:
    """A note; its sentence is filled with the values and the number of rows."""
    told = MappingProxyType({**values, "count": n_rows})
    return Note(code, severity, told, n_rows, example_rows, lost)


def in_order(notes: list[Note]) -> tuple[Note, ...]:
    """Notes with the most severe first, otherwise in the order in which they were made."""
    return tuple(sorted(notes, key=lambda note: -_ORDER.index(note.severity)))


def _with_rows(note: Note) -> str:
    if not note.example_rows:
        return note.sentence
    more = ", …" if note.n_rows > len(note.example_rows) else ""
    noun = "Row" if note.n_rows == 1 else "Rows"
    return f"{note.sentence} {noun} {', '.join(str(row) for row in note.example_rows)}{more}."

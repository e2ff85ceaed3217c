"""A table as data, rendered as HTML, as Markdown or in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class TableCell:
    """One cell. notes: smaller lines under the text; tone: good, bad, quiet or "", which only repeats the text."""

    text: str
    notes: tuple[str, ...] = ()
    tone: str = ""

    @property
    def line(self) -> str:
        return f"{self.text} ({'; '.join(self.notes)})" if self.notes else self.text


@final
@dataclass(frozen=True)
class Table:
    """A table. note: how to read it; heads: of the columns, the first of which names the rows; kind: its CSS class."""

    name: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    kind: str = ""

    def markdown(self) -> str:
        """The table as Markdown under its name; all text is escaped."""
        head, rule = markdown_row(self.heads), "|---|" + "---:|" * (len(self.heads) - 1)
        rows = [markdown_row([cell.line for cell in row]) for row in self.rows]
        return "\n".join([f"### {plain(self.name)}", "", plain(self.note), "", head, rule, *rows, ""])


MARKED = "\\`*_{}[]<>#|~&!$"
"""Characters that Markdown, or HTML within it, may interpret."""


def plain(text: str) -> str:
    """Text for Markdown: on one line, with every character that it may interpret escaped."""
    escaped = "".join(
        f"\\{sign}" if sign in MARKED and not inside_word(text, place) else sign for place, sign in enumerate(text)
    )
    return " ".join(escaped.replace("\\<", "&lt;").split())


def inside_word(text: str, place: int) -> bool:
    """Whether the character is an underscore between letters or digits, which Markdown does not interpret."""
    return text[place] == "_" and text[place - 1 : place].isalnum() and text[place + 1 : place + 2].isalnum()


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(plain(cell) for cell in cells) + " |"

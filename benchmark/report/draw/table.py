"""A table as data, to be shown as HTML, Markdown or in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class TableCell:
    """One cell. notes: smaller lines under it; tone: good, bad, quiet or "", never the only bearer of meaning."""

    text: str
    notes: tuple[str, ...] = ()
    tone: str = ""

    @property
    def line(self) -> str:
        return f"{self.text} ({'; '.join(self.notes)})" if self.notes else self.text


@final
@dataclass(frozen=True)
class Table:
    """name: what it shows; note: how to read it; heads: of the columns, the first of which names the row."""

    name: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    kind: str = ""

    def markdown(self) -> str:
        """As a Markdown table under its name; text of the data cannot leave its cell or become markup."""
        lines = [[self.heads[0], *self.heads[1:]], ["---"] + ["---:"] * (len(self.heads) - 1)]
        lines += [[cell.line for cell in row] for row in self.rows]
        body = [markdown_row(lines[0]), "|" + "|".join(lines[1]) + "|", *(markdown_row(line) for line in lines[2:])]
        return "\n".join([f"### {plain(self.name)}", "", plain(self.note), "", *body, ""])


MARKED = "\\`*_{}[]<>#|~&!$"
"""What Markdown or the HTML within it might act on."""


def plain(text: str) -> str:
    """Text that Markdown shows as it is: on one line, with every character it might act on escaped."""
    escaped = "".join(
        f"\\{sign}" if sign in MARKED and not inside_word(text, place) else sign for place, sign in enumerate(text)
    )
    return " ".join(escaped.replace("\\<", "&lt;").split())


def inside_word(text: str, place: int) -> bool:
    """Whether an underscore stands between letters or figures, where Markdown leaves it alone."""
    return text[place] == "_" and text[place - 1 : place].isalnum() and text[place + 1 : place + 2].isalnum()


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(plain(cell) for cell in cells) + " |"

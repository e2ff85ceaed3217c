"""The page: a report as one self-contained HTML file."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from benchmark.report.write.assemble import Report


def breakable(text: str) -> Markup:
    """Escaped text with a line-break opportunity after each underscore, full stop and equals sign."""
    words = str(escape(text))
    for sign in "_.=":
        words = words.replace(sign, f"{sign}<wbr>")
    return Markup(words)  # escaped above; none of the three signs is part of an entity


def render(report: Report) -> str:
    """The HTML of the page: all data is escaped, and nothing outside the page is loaded."""
    environment = Environment(
        loader=PackageLoader("benchmark.report.write", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    css = files("benchmark.report.write").joinpath("page.css").read_text(encoding="utf-8")
    style = Markup(css)  # part of this package, no data
    return environment.get_template("page.html.j2").render(report=report, style=style)

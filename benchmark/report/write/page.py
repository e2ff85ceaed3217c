"""The page: a report as one self-contained HTML file."""

from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from benchmark.report.write.assemble import Report


def breakable(text: str) -> Markup:
    """Escaped text with a line-break opportunity after each underscore, full stop and equals sign."""
    words = str(escape(text))
    for sign in "_.=":
        words = words.replace(sign, f"{sign}<wbr>")
    return Markup(words)  # escaped above; none of the three signs is part of an entity


def template(name: str, *packages: str) -> Template:
    """A template of a package, which may import those of the others; all data is escaped."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ".") for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template(name)


def style() -> Markup:
    """The style sheet of all pages; part of this package, no data."""
    return Markup(files("benchmark.report.write").joinpath("page.css").read_text(encoding="utf-8"))


def render(report: Report) -> str:
    """The HTML of the page: nothing outside the page is loaded."""
    return template("page.html.j2", "benchmark.report.write").render(report=report, style=style())

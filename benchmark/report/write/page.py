"""The page: a report as one self-contained HTML file."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from benchmark.report.write.assemble import Report


def breakable(text: str) -> Markup:
    """Escaped text that a narrow column may break after an underscore, a full stop or an equals sign."""
    words = str(escape(text))
    for sign in "_.=":
        words = words.replace(sign, f"{sign}<wbr>")
    return Markup(words)  # escaped above; none of the three signs is part of an entity


def render(report: Report) -> str:
    """The page's text; whatever comes from the data is escaped, and nothing outside the page is referred to."""
    environment = Environment(
        loader=PackageLoader("benchmark.report.write", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    style = Markup(files("benchmark.report.write").joinpath("page.css").read_text(encoding="utf-8"))  # ours, no data
    return environment.get_template("page.html.j2").render(report=report, style=style)

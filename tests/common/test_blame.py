"""An error is told with the line of the user's code, wherever libraries are installed."""

import pytest
from torch import nn

from benchmark.common.blame import described, raised_at


def raised_in(path, package, words):
    scope = {"__name__": package}
    exec(compile("def inner():\n    raise ValueError\n", path, "exec"), scope)
    try:
        scope["inner"]()
    except ValueError as error:
        return raised_at(error, words)


def test_a_library_of_any_environment_is_not_the_users_code(tmp_path):
    """Of the user's own folder, of one below a virtual environment, of the system."""
    for place in ("local/lib/python3.11/site-packages", "usr/lib/python3/dist-packages"):
        file = tmp_path / place / "library" / "part.py"
        file.parent.mkdir(parents=True)
        file.touch()
        told = raised_in(str(file), "library.part", ())
        assert told.startswith(__file__) and "in raised_in" in told
        assert raised_in(str(file), "library.part", {"library"}).startswith(str(file))


class Declares:
    size: int


class Forgets(Declares):
    pass


class NotBegun(nn.Module):
    def __init__(self):
        pass


def test_what_a_base_class_leaves_to_its_subclasses_is_told_as_that():
    with pytest.raises(AttributeError) as found:
        list(NotBegun().modules())
    assert described(found.value).endswith("Its __init__ has to begin with super().__init__()")
    for missing, told in (("size", f"{__name__}.Declares leaves it to its subclasses to set"), ("width", "'width'")):
        try:
            getattr(Forgets(), missing)
        except AttributeError as error:
            assert described(error).endswith(told)

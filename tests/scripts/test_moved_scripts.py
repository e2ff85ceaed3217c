"""Commands that were scripts once still run under their old paths."""

import re
import runpy
import sys

import pytest
from run_helpers import ROOT

MOVED = sorted(path for path in (ROOT / "scripts").glob("*.py") if "from moved_command" in path.read_text())


@pytest.mark.parametrize("path", MOVED, ids=lambda path: path.stem)
def test_a_moved_script_says_its_name_and_runs(path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    monkeypatch.setattr(sys, "argv", [str(path), "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    out, err = capsys.readouterr()
    (command,) = re.findall("is now `(.*)`", err)
    assert ended.value.code == 0 and out.startswith(f"usage: {command.split()[0]}")


def test_all_that_moved_are_there():
    assert [path.stem for path in MOVED] == [
        "check_coco", "check_dogs", "check_svhn", "fetch_coco", "fetch_dogs", "fetch_mnist", "fetch_svhn",
        "score_captions", "server_results",
    ]  # fmt: skip

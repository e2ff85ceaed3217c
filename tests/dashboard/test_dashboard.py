"""What a dry run writes, what arrives at a recorder of W&B's server, and what is said where nothing can be sent."""

import json
import os
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest
from wandb_account import account
from wandb_server import Recorded

from benchmark.dashboard.__main__ import main
from benchmark.results.run_folder import read_json
from benchmark.results.vocabulary import OTHER

GOLDEN = Path(__file__).parent / "golden.json"
"""What is sent for the study of conftest.py, shortened. After a change that is wanted, take the file that the test
writes beside its document.
"""
PLACE = "someone/attention-benchmark"


def written(study, place, *arguments):
    path = place / "dashboard.json"
    assert main([str(study), *arguments, "--dry-run", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def document(study, tmp_path_factory):
    """The document of a dry run, made without network and account."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a dry run needs no network"))
        patch.delenv("WANDB_API_KEY", raising=False)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        return written(study, tmp_path_factory.mktemp("dry"), PLACE)


def short(value):
    """A document with floats of nine digits, since processors add in another order; and of the panels of tables, which
    the package fills with two thousand characters of its own, only the table.
    """
    if isinstance(value, dict) and value.get("viewType") == "Weave":
        (found,) = re.findall(r'"type": "string", "val": "([^"]+)"', json.dumps(value["config"]))
        return {**value, "config": {"table": found}}
    if isinstance(value, dict):
        return {key: short(each) for key, each in value.items()}
    if isinstance(value, list):
        return [short(each) for each in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_a_dry_run_writes_the_golden_document(document):
    made = document.with_name("golden.json")
    made.write_text(json.dumps(short(json.loads(document.read_text())), indent=1, ensure_ascii=False) + "\n")
    assert json.loads(made.read_text()) == json.loads(GOLDEN.read_text()), f"{made} is not {GOLDEN}"


def test_a_dry_run_writes_nothing_into_the_study(study, tmp_path):
    copy = tmp_path / "compared"
    shutil.copytree(study, copy)
    shutil.rmtree(copy / "dashboard")
    assert main([str(copy), PLACE, "--dry-run", str(tmp_path / "sent.json")]) == 0
    assert (tmp_path / "sent.json").is_file() and not (copy / "dashboard").exists()


def test_names_of_tables_sort_in_wandb_and_their_rows_fit_the_columns(document):
    for name, table in read_json(document)["tables"].items():
        assert not OTHER.search(name) and table["data"]
        assert {len(row) for row in table["data"]} == {len(table["columns"])}


def test_each_field_of_a_chart_is_a_column_of_the_table_it_draws(document):
    sent = read_json(document)
    columns = {*sent["tables"]["comparison/results"]["columns"]}
    (sections,) = [sent["workspace"]["spec"]["section"]["panelBankConfig"]["sections"]]
    panels = [panel["config"] for section in sections for panel in section["panels"] if panel["viewType"] == "Vega2"]
    assert [panel["panelDefId"] for panel in panels] == [f"someone/{chart['name']}" for chart in sent["charts"]]
    for chart, panel in zip(sent["charts"], panels, strict=True):
        used = {part.split("}")[0] for part in json.dumps(chart["spec"]).split("${field:")[1:]}
        assert used == {*panel["fieldSettings"]} and {*panel["fieldSettings"].values()} <= columns


def sections(view):
    return json.loads(view["spec"])["section"]["panelBankConfig"]["sections"]


@pytest.fixture(scope="module")
def sent(study, document, tmp_path_factory):
    """Two calls, of which the first could store no chart; between them a run was added, and a section in the app."""
    copy = tmp_path_factory.mktemp("runs") / "compared"
    shutil.copytree(study, copy)
    shutil.rmtree(copy / "none")
    with account(tmp_path_factory.mktemp("home")) as recorded:
        recorded.refused = {"CreateCustomChart"}
        assert main([str(copy), PLACE]) == 0
        recorded.refused = set()
        first = {name: dict(view) for name, view in recorded.views.items()}
        by_hand = json.loads(recorded.views["view-0"]["spec"])
        mine = {**by_hand["section"]["panelBankConfig"]["sections"][-1], "__id__": "mine", "name": "Mine"}
        by_hand["section"]["panelBankConfig"]["sections"].append(mine)
        recorded.views["view-0"]["spec"] = json.dumps(by_hand)
        shutil.copytree(study / "none", copy / "none")
        assert main([str(copy), PLACE]) == 0
        import wandb_workspaces.workspaces as ws

        found = ws.Workspace.from_url(f"https://wandb.invalid/{PLACE}?nw=0123456789ab")
        charts = (copy / "dashboard/charts").read_text()
        assert charts.count("\n") == 2 and charts.startswith(os.environ["WANDB_BASE_URL"])  # a third call sends none
    return first, recorded, found


def test_what_arrives_is_what_a_dry_run_writes(sent, document):
    _, recorded, _ = sent
    wanted, (view,) = read_json(document), recorded.views.values()
    assert {key: view[key] for key in wanted["workspace"] if key != "spec"} == {
        key: value for key, value in wanted["workspace"].items() if key != "spec"
    }
    assert sections(view)[:-1] == wanted["workspace"]["spec"]["section"]["panelBankConfig"]["sections"]
    assert [chart["chartName"] for chart in recorded.charts] == [chart["name"] for chart in wanted["charts"]]
    assert [json.loads(chart["spec"]) for chart in recorded.charts] == [chart["spec"] for chart in wanted["charts"]]
    (run,) = recorded.upserts.values()
    assert (run["name"], run["displayName"], run["jobType"], run["tags"]) == tuple(
        wanted["run"][key] for key in ("id", "name", "job_type", "tags")
    )
    tables = tables_of(recorded, run["name"])
    assert {key: {"columns": found["columns"], "data": found["data"]} for key, found in tables.items()} == wanted[
        "tables"
    ]


def tables_of(recorded: Recorded, run: str) -> dict[str, dict]:
    """The tables of a run, by the key of its summary."""
    held = {key: value for key, value in recorded.summaries[run].items() if key.startswith("comparison/")}
    return {key: json.loads(recorded.uploads[value["path"]]) for key, value in held.items()}


def test_a_second_call_updates_and_doubles_nothing(sent):
    first, recorded, _ = sent
    assert recorded.asked.count("UpsertView2") == 2 and recorded.views.keys() == first.keys() == {"view-0"}
    assert len(recorded.upserts) == 1 and not any(recorded.rows.values())
    assert recorded.asked.count("CreateCustomChart") == 4 and len(recorded.charts) == 2  # two were refused at first
    (view,) = recorded.views.values()
    assert [section["name"] for section in sections(view)][-1] == "Mine"  # added by hand, and left there


def test_the_workspace_round_trips(sent, document):
    _, recorded, found = sent
    (view,) = recorded.views.values()
    assert found.name == view["displayName"] == "Comparison of compared"
    assert [section.name for section in found.sections] == [section["name"] for section in sections(view)]
    for section, stored in zip(found.sections, sections(view), strict=True):
        kinds = [type(panel).__name__ for panel in section.panels]
        assert len(kinds) == len(stored["panels"]) and "UnknownPanel" not in kinds
    assert found.runset_settings.filters == (
        """Metric("JobType") in ['compared', 'comparison'] and Metric("Tags") in ['compared']"""
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", PLACE], "there is no folder nowhere"),
        (["empty", PLACE], "empty holds no run"),
        (["study", "a/b/c"], "'a/b/c' is not entity/project"),
        (["study", "team/"], "'team/' is not entity/project"),
        (["study"], "no run of study was logged to W&B (logger=wandb): name the place, entity/project"),
        (["study", PLACE], "there is no W&B account: `wandb login`"),
    ],
)
def test_what_a_user_can_mend_is_one_line(study, arguments, said, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    (tmp_path / "empty").mkdir()
    (tmp_path / "study").symlink_to(study)
    assert main(arguments) in (1, 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and said in line


def test_a_server_that_does_not_answer_is_one_line(study, monkeypatch, tmp_path, capsys):
    from benchmark.dashboard import send

    monkeypatch.setattr(send, "SECONDS", 1)
    with account(tmp_path), socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and not listened at: connections are refused
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert main([str(study), PLACE]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: W&B at http://127.0.0.1:") and "can't be reached" in line


def test_the_package_that_is_missing_is_named(study, monkeypatch, tmp_path, capsys):
    for name in [name for name in sys.modules if name.startswith("benchmark.dashboard.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    for name in [name for name in sys.modules if name.startswith("wandb_workspaces.")]:
        monkeypatch.delitem(sys.modules, name)
    assert main([str(study), PLACE, "--dry-run", str(tmp_path / "file")]) == 2
    assert "pip install wandb-workspaces" in capsys.readouterr().err


def test_runs_that_are_not_in_wandb_yet_are_named_with_what_sends_them(study, monkeypatch, tmp_path, capsys):
    from benchmark.dashboard import send

    class Sent:
        def full(self, target):
            return target

        def send(self, document, folder, note):
            return "the address"

    monkeypatch.setattr(send, "Connection", Sent)
    shutil.copytree(study, tmp_path / "study")
    for run in ("dram/mnist_pairs/seed=0", "dram/mnist_pairs/seed=1"):
        (tmp_path / "study" / run / "wandb/offline-run-20260101_000000-abc").mkdir(parents=True)
    assert main([str(tmp_path / "study"), PLACE]) == 0
    printed = capsys.readouterr()
    assert printed.out == "dashboard: the address\n"
    missing, waiting = printed.err.splitlines()
    assert missing.startswith("note: 11 runs were not logged to W&B (logger=wandb)")
    assert waiting.endswith(f"wandb sync {tmp_path}/study/*/*/*/wandb/offline-run-*")


def test_a_workspace_of_another_version_of_the_package_is_named(study, tmp_path, capsys):
    shutil.copytree(study, tmp_path / "study")
    with account(tmp_path) as recorded:
        stored = {"name": "nw-0123456789ab-v", "displayName": "mine", "spec": json.dumps({"version": 9})}
        recorded.views["view-0"] = stored
        assert main([str(tmp_path / "study"), PLACE]) == 1
        assert recorded.views == {"view-0": stored}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the workspace http://") and "take a newer wandb-workspaces" in line

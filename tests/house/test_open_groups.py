"""Every group of conf/ is open: a new choice is one file of code and one yaml, and nothing else is edited."""

import json
import shutil
import subprocess
import sys

import pytest
from open_groups import BASES, CONF, ELSEWHERE, OF_OTHERS, folders, groups, main_targets, write_stub
from run_helpers import ROOT, environment

GROUPS = groups()
THEIRS = ("baseline", "encoder", "hydra/launcher", "objective", "reward")

STUBS_ALONE = """

# Of what is checked by file and by class, the stubs alone: the rest is checked where it comes from.
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if not hasattr(item, "callspec") or "stub" in item.nodeid]
"""


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_one_folder_and_its_classes_lie_in_it(group):
    assert len(folders(group)) == 1, f"no folder, or several, are called {group}: {folders(group)}"
    assert (ROOT / folders(group)[0] / "__init__.py").is_file()
    package = ".".join(folders(group)[0].parts) + "."
    ours = [target for target in main_targets(group) if target.startswith(("benchmark.", "datamodules."))]
    assert ours and all(target.startswith(package) for target in ours), ours


@pytest.mark.parametrize("group", [group for group in GROUPS if group not in BASES])
def test_a_folder_has_the_base_of_its_choices(group):
    base = ROOT / folders(group)[0] / "base.py"
    assert base.is_file(), f"what every choice of {group} has to be stands in {base}"


def test_what_has_no_folder_is_there():
    assert all((CONF / group).is_dir() for group in (*OF_OTHERS, *ELSEWHERE))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The tree with a stub of every group, and beside it the package of a user with stubs of some."""
    clone, site = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("site")
    for name in ("benchmark", "datamodules", "conf", "scripts", "docs", "tests"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (ROOT / "pyproject.toml", *ROOT.glob("*.md")):
        shutil.copy(path, clone)
    with (clone / "tests/conftest.py").open("a") as file:
        file.write(STUBS_ALONE)
    stubs = [write_stub(group, ".".join((*folders(group)[0].parts, "stub")), clone / "conf", clone, "stub")
             for group in GROUPS]  # fmt: skip
    stubs += [write_stub(group, f"mylab.{group.replace('/', '_')}_stub", site / "mylab/conf", site, "mylab_stub")
              for group in THEIRS]  # fmt: skip
    for folder in ("mylab", "mylab/conf", "mylab-1.0.dist-info"):
        (site / folder).mkdir(exist_ok=True)
        (site / folder / "__init__.py").touch()
    (site / "mylab-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: mylab\nVersion: 1.0\n")
    (site / "mylab-1.0.dist-info/entry_points.txt").write_text("[attention_benchmark.configs]\nmylab = mylab.conf\n")
    (clone / "stubs.json").write_text(json.dumps(stubs))
    return clone, site


@pytest.mark.timeout(900)  # two minutes alone, more where the machine is shared
def test_a_stub_of_every_group_keeps_the_rules_of_the_house_and_is_built(clone):
    """What is tested of the whole tree is tested of it with the stubs, and each stub by itself."""
    clone, site = clone
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "-q", "--tb=short"]
    done = subprocess.run(
        [*command, "tests/house/test_house.py", "tests/support/stub_choices.py"], cwd=clone, text=True,
        capture_output=True, env=environment(PYTHONPATH=f"{clone}:{clone / 'tests/support'}:{site}"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = done.stdout.count("PASSED tests/support/stub_choices.py")
    assert passed == len(GROUPS) + len(THEIRS)
    assert all(f"PASSED tests/house/test_house.py::test_imports_only_go_down[{'.'.join(folders(group)[0].parts)}.stub]"
               in done.stdout for group in GROUPS)  # fmt: skip

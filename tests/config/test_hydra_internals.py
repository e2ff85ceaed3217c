"""What the project relies on in Hydra beyond its documented interface: fails when a new version does otherwise."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from hydra.utils import get_object
from omegaconf import OmegaConf

from benchmark.common.errors import ConfigFault
from benchmark.config.compose import Composer, EntryPointConfigs
from benchmark.config.hydra_internals import (
    command_line,
    config_loader,
    has,
    is_list_of_values,
    jobs_of_sweep,
    keys,
    leave_checks_to,
    parsed_value,
    register,
    save_where_possible,
    swept_values,
)


class Ours(Launcher):
    def setup(self, **_): ...

    def launch(self, job_overrides, initial_job_idx): ...


CONFIG = OmegaConf.create({"a": {"b": None, "c": {"d": 1}}, "e": "???", "f": "${nowhere}", "g": None})


def override(text):
    (found,) = OverridesParser.create().parse_overrides([text])
    return found


def written(folder, name, text):
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_command_line_is_read_as_hydras_main_reads_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["run", "-m", "a=1", "b=2", "--config-dir", "mine", "--cfg", "job"])
    found = command_line()
    assert (found.overrides, found.config_dir, found.multirun, found.cfg) == (["a=1", "b=2"], "mine", True, "job")
    assert not (found.help or found.hydra_help or found.shell_completion or found.info)


@pytest.fixture
def plugins():
    """Hydra's registry of plugins, put back as it was."""
    registry = Plugins.instance()
    before = (
        dict(registry.class_name_to_class),
        {key: list(each) for key, each in registry.plugin_type_to_subclass_list.items()},
        dict(vars(registry)),
    )
    yield registry
    vars(registry).clear()
    vars(registry).update(before[2])
    registry.class_name_to_class.clear()
    registry.class_name_to_class.update(before[0])
    registry.plugin_type_to_subclass_list.clear()
    registry.plugin_type_to_subclass_list.update(before[1])


def test_a_launcher_is_found_by_its_name_and_configs_are_searched(plugins, tmp_path):
    class Configs(SearchPathPlugin):
        def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
            search_path.append("ours", f"file://{tmp_path}")

    register(Configs)
    name = f"{__name__}.Ours"
    made = plugins._instantiate(OmegaConf.create({"_target_": name}))
    assert isinstance(made, Launcher) and type(made).__qualname__ == "Ours"
    written(tmp_path, "group/brought", "x: 1\n")
    assert config_loader(str(Path(__file__).parent), None).get_group_options("group") == ["brought"]


OURS = "hydra_plugins.attention_benchmark.PoolLauncher"
THEIRS = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


@pytest.mark.parametrize(("name", "knobs"), [(OURS, {"jobs": 1, "threads": 1, "gpus": 0}), (THEIRS, {})])
def test_launchers_have_their_old_names_and_hydras_own_stay(plugins, name, knobs):
    register(EntryPointConfigs)
    made = plugins._instantiate(OmegaConf.create({"_target_": name, **knobs}))
    assert type(made).__name__ == name.rpartition(".")[2]


def test_what_is_no_launcher_is_refused(plugins):
    register(EntryPointConfigs)
    with pytest.raises(RuntimeError, match="Invalid plugin"):
        plugins._instantiate(OmegaConf.create({"_target_": "collections.OrderedDict"}))
    with pytest.raises(ConfigFault, match=r"benchmark\.sweep\.slrum\.Slurm cannot be imported"):
        plugins._instantiate(OmegaConf.create({"_target_": "benchmark.sweep.slrum.Slurm"}))


def test_a_folder_is_searched_after_the_source(tmp_path):
    written(tmp_path / "own", "config", "defaults:\n  - group: one\n")
    written(tmp_path / "own", "group/one", "x: 1\n")
    written(tmp_path / "more", "group/one", "x: 2\n")
    written(tmp_path / "more", "group/two", "x: 3\n")
    own, more = str(tmp_path / "own"), f"file://{tmp_path / 'more'}"

    def value(loader, *overrides):
        return loader.load_configuration("config", list(overrides), run_mode=RunMode.RUN).group.x

    assert value(config_loader(own, None)) == 1 and value(config_loader(own, more)) == 1
    assert value(config_loader(own, more), "group=two") == 3
    assert config_loader(own, more).get_group_options("group") == ["one", "two"]
    providers = [source.provider for source in config_loader(own, more).get_sources()]
    assert [name for name in providers if name in ("main", "command-line")] == ["main", "command-line"]
    with pytest.raises(HydraException):
        value(config_loader(own, None), "group=two")


def test_a_parsed_value_keeps_its_quotes():
    assert parsed_value(override("a=b")) == "b"
    quoted = parsed_value(override("a='b, c'"))
    assert type(quoted) is not str and quoted.text == "b, c" and quoted.with_quotes() == "'b, c'"
    assert override("a='b, c'").value() == "b, c"


def test_swept_values_are_without_quotes():
    assert swept_values(override("a='b,c',d,1")) == ["b,c", "d", 1]
    assert swept_values(override("a=['b'],{c: 'd'}")) == [["b"], {"c": "d"}]
    assert swept_values(override("a=range(1,4)")) == [1, 2, 3]


def test_values_with_commas_are_told_from_a_sweeps_functions():
    assert is_list_of_values(override("a=1,2"))
    assert not any(map(is_list_of_values, map(override, ("a=choice(1,2)", "a=range(1,3)", "a=[1,2]", "a=1"))))


def test_a_key_is_there_whatever_its_value_is():
    assert all(has(CONFIG, key) for key in ("a", "a.b", "a.c.d", "e", "f", "g"))
    assert not any(has(CONFIG, key) for key in ("x", "a.x", "a.b.x", "a.c.d.x", "e.x", "f.x"))


def test_keys_are_listed_and_no_reference_is_resolved():
    assert list(keys(CONFIG)) == ["a", "a.b", "a.c", "a.c.d", "e", "f", "g"]


def test_the_jobs_of_a_sweep_are_those_of_hydras_own_sweeper():
    composer = Composer()
    texts = ["attention=none", "data.canvas=40,60", "seed=range(2)", "hydra.launcher.jobs=1"]
    found = jobs_of_sweep(composer.loader, composer.compose(texts, RunMode.MULTIRUN))
    assert found == [["attention=none", f"data.canvas={side}", f"seed={seed}"] for side in (40, 60) for seed in (0, 1)]
    config = composer.compose(texts, RunMode.MULTIRUN)
    OmegaConf.update(config, "hydra.sweeper._target_", "theirs.Sweeper", force_add=True)
    with pytest.raises(ConfigFault, match="a sweeper that optimises chooses jobs after the results of others"):
        jobs_of_sweep(composer.loader, config)


def test_hydras_sweeper_leaves_the_checks_to_launchers_that_check(monkeypatch):
    sweeper = get_object("hydra._internal.core_plugins.basic_sweeper.BasicSweeper")
    monkeypatch.setattr(sweeper, "validate_batch_is_legal", None, raising=False)  # put back afterwards
    leave_checks_to(Checking)
    composed = []
    made = sweeper(None)
    made.hydra_context = SimpleNamespace(
        config_loader=SimpleNamespace(load_sweep_config=lambda **_: composed.append(1))
    )
    made.config = {}
    for made.launcher, times in ((Checking(), 0), (object(), 1)):
        made.validate_batch_is_legal([["seed=1"]])
        assert len(composed) == times


def test_hydras_sweeper_goes_on_where_it_cannot_write_its_own_file(monkeypatch, tmp_path):
    sweeper = get_object("hydra._internal.core_plugins.basic_sweeper.BasicSweeper")
    monkeypatch.setitem(sweeper.sweep.__globals__, "OmegaConf", None)  # put back afterwards
    save_where_possible()
    for place, written in ((tmp_path / "study", True), (tmp_path / "closed", False)):
        (place if written else place / "multirun.yaml").mkdir(parents=True)
        launched, made = [], sweeper(None)
        made.config, made.params, made.validate_batch_is_legal = (
            OmegaConf.create({"hydra": {"sweep": {"dir": str(place)}}}), {}, lambda batch: None
        )  # fmt: skip
        made.hydra_context = SimpleNamespace(config_loader=None)
        made.launcher = SimpleNamespace(launch=lambda batch, initial_job_idx, to=launched: to.extend(batch) or [])
        made.sweep(["seed=1,2"])
        assert launched == [["seed=1"], ["seed=2"]] and (place / "multirun.yaml").is_file() == written


class Checking:
    """A launcher that checks its jobs."""

"""The contracts as tests of whoever writes a part: three lines of a test file, under pytest.

from benchmark.check.suite import contracts

@contracts("data=mine", "data.root=tests/files")
def test_my_data(contract):
    contract()
"""

from typing import Any

from benchmark.check.subjects import cases
from benchmark.config.compose import Composer, register_plugins
from benchmark.sweep.launcher import PoolLauncher


def contracts(*overrides: str, config_dir: str | None = None) -> Any:
    """Has a test called with each contract of what the overrides name, as `python -m benchmark.check` would.

    config_dir: a folder of configurations that no installed package brings. Raises ConfigFault.
    """
    import pytest  # who runs tests has it; nobody else needs it

    register_plugins(PoolLauncher)
    found = cases(Composer(config_dir), overrides)
    told = [pytest.param(case, id=f"{case.subject.title}: {case.contract.promise}") for case in found]
    return pytest.mark.parametrize("contract", told)

"""The contracts as pytest tests for authors of parts, in three lines of a test file.

from benchmark.check.suite import contracts

@contracts("data=mine", "data.root=tests/files")
def test_my_data(contract):
    contract()
"""

from typing import Any

from benchmark.check.subjects import cases
from benchmark.config.compose import Composer, register_plugins


def contracts(*overrides: str, config_dir: str | None = None) -> Any:
    """A pytest decorator: parametrises a test with every contract that `python -m benchmark.check` would check.

    config_dir: a folder of configurations that no installed package provides. Raises ConfigFault.
    """
    import pytest  # needed by tests alone

    register_plugins()
    found = cases(Composer(config_dir), overrides)
    parameters = [pytest.param(case, id=f"{case.subject.title}: {case.contract.promise}") for case in found]
    return pytest.mark.parametrize("contract", parameters)

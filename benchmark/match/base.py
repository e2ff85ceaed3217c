"""A budget that the widths of a run's parts are scaled to, when its configuration is composed."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from omegaconf import DictConfig

Reference = Callable[[str], DictConfig]
"""From a mechanism's name to its configuration with the run's other overrides, those of `attention` left out."""


class Match(ABC):
    """Sets the widths of a composed configuration. No file of this package imports PyTorch before it is needed."""

    @abstractmethod
    def apply(self, config: DictConfig, reference: Reference) -> None:
        """Raises ConfigFault where the budget cannot be met. A configuration with other faults is left as it is, since
        they are reported when it is checked. Afterwards `match.chosen` says what was chosen.
        """

"""A value as Prometheus reads it."""
from typing import NamedTuple


class Metric(NamedTuple):
    """One value, of a name without its prefix."""

    name: str
    help: str
    value: float
    labels: str = ""

    def text(self) -> str:
        name = "rediform_" + self.name
        kind = "counter" if name.endswith("_total") else "gauge"
        return f"# HELP {name} {self.help}\n# TYPE {name} {kind}\n{name}{self.labels} {self.value:.15g}\n"

"""The sections of a study file that are sound in themselves, before they are held together."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.study.declaration import (
    Agreement,
    Censoring,
    Column,
    Data,
    DerivedFactor,
    Event,
    Expectation,
    FactorInput,
    Gate,
    ModelDeclaration,
    NumberInput,
    Simulation,
    Time,
    Title,
)


@dataclass(frozen=True)
class Parts:
    """The sections of a study that are sound in themselves."""

    study: Title | None = None
    data: Data | None = None
    time: Time | None = None
    event: Event | None = None
    censoring: Censoring | None = None
    inputs: tuple[FactorInput | NumberInput, ...] = ()
    derived: tuple[DerivedFactor, ...] = ()
    columns: dict[str, Column] = field(default_factory=dict)
    rules: tuple[Agreement, ...] = ()
    model: ModelDeclaration | None = None
    expectations: tuple[Expectation, ...] = ()
    gate: Gate | None = None
    simulation: Simulation | None = None
    invalid: frozenset[str] = frozenset()
    """Names and columns of entries that have faults of their own: they are not unknown."""

    @property
    def cells(self) -> tuple[str, ...]:
        """Cells that mean a missing value."""
        return self.data.missing if self.data else ()

    @property
    def factors(self) -> tuple[FactorInput, ...]:
        """The sound factor inputs."""
        return tuple(each for each in self.inputs if isinstance(each, FactorInput))

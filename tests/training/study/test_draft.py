"""Drafting a study from an unknown CSV: valid as it is, whatever the columns are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.errors import InvalidTableError, TrainingError
from training.evaluation.cross_validation import recipes
from training.model.hazard import fit_hazard
from training.model.periods import Periods
from training.study.declaration import Study, Visits
from training.study.draft import Draft, draft_study
from training.study.draft_roles import Roles
from training.study.read import read_study
from training.study.table import Table, load_table

ROWS = 300


def machines() -> pd.DataFrame:
    """Machines whose columns show everything that a draft must tell apart."""
    random = np.random.RandomState(3)
    hours = random.exponential(400, ROWS).round(1) + 0.1
    oil = pd.Series(random.normal(5, 1, ROWS).round(2).astype(str))
    plant = random.choice(["North", "South", 'Ost % "1"'], ROWS)
    return pd.DataFrame(
        {
            "serial": [f"M{place:04d}" for place in range(ROWS)],
            "hours run": hours,
            "Broke down": random.choice(["yes", "no"], ROWS),
            "plant": plant,
            "country": np.where(plant == "North", "NO", "DE"),
            "2nd load (%)": random.normal(50, 10, ROWS).round(1),
            "shifts": random.randint(1, 4, ROWS),
            "período": random.choice(["día", "noche", ""], ROWS, p=[0.5, 0.45, 0.05]),
            "oil": oil.mask(random.random(ROWS) < 0.04, "NA"),
            "minutes run": hours * 60,
            "maker": "ACME",
            "note": [f"note {place % 40}" for place in range(ROWS)],
            "bought": "2020-01-02",
            "": random.choice(["left", "right"], ROWS),
            "last part": np.where(random.random(ROWS) < 0.5, "", "belt"),
            "empty": "",
        }
    )  # fmt: skip


ROLES = Roles("hours run", "Broke down", id="serial")


def drafted(frame: pd.DataFrame, roles: Roles, folder: Path) -> tuple[Draft, Study, Table]:
    """A draft, the study that it declares and the table that this study makes of the CSV."""
    frame.to_csv(folder / "Maschinen (2).csv", index=False)
    draft = draft_study(folder / "Maschinen (2).csv", roles)
    (folder / "study.toml").write_text(draft.text, encoding="utf-8")
    study = read_study(folder / "study.toml")
    return draft, study, load_table(folder / "Maschinen (2).csv", study)


def test_a_draft_is_valid_as_it_is_and_reads_its_own_data(tmp_path: Path) -> None:
    draft, study, table = drafted(machines(), ROLES, tmp_path)
    assert study.study.name == "maschinen-2"
    assert [each.name for each in study.inputs] == ["plant", "nd_load", "shifts", "período", "oil"]
    assert study.model.formula == "period + plant + nd_load + shifts + período + oil"
    assert table.rows == ROWS
    assert len(table.subjects) == ROWS - (machines()["oil"] == "NA").sum()
    used = {column: as_what for column, as_what, _ in draft.columns}
    assert used["shifts"] == "factor shifts"
    assert used["2nd load (%)"] == "number nd_load"


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("country", "follows from plant, so it adds nothing"),
        ("minutes run", "follows the time (rank correlation 1.00), known only afterwards"),
        ("maker", "the same everywhere: ACME"),
        ("note", "40 different texts, too many for a factor"),
        ("bought", "the same everywhere: 2020-01-02"),
        ("empty", "empty"),
        ("", "it has no name"),
    ],
)
def test_a_column_that_no_model_can_use_is_left_out_with_its_reason(
    column: str, reason: str, tmp_path: Path
) -> None:
    draft, study, _ = drafted(machines(), ROLES, tmp_path)
    assert (column, "unused", reason) in list(draft.columns)
    assert not study.columns[column].required


def test_commas_in_decimals_and_long_texts_are_left_out(tmp_path: Path) -> None:
    frame = machines()
    frame["weight"] = [f"{place},5" for place in range(ROWS)]
    frame["remark"] = np.where(np.arange(ROWS) % 2, "long " * 50, "short")
    draft, _, _ = drafted(frame, ROLES, tmp_path)
    reasons = {column: reason for column, as_what, reason in draft.columns if as_what == "unused"}
    assert reasons["weight"] == "numbers with decimal commas: write points to use them"
    assert reasons["remark"] == "texts of more than 200 characters, too long for levels"


@pytest.mark.parametrize("column", ["Censored", "is_censored"])
def test_a_yes_to_being_censored_is_not_taken_for_the_event(column: str, tmp_path: Path) -> None:
    frame = machines().rename(columns={"Broke down": column})
    with pytest.raises(TrainingError, match="Name it with --happened"):
        drafted(frame, Roles("hours run", column), tmp_path)


def test_missing_cells_are_given_a_policy(tmp_path: Path) -> None:
    _, study, _ = drafted(machines(), ROLES, tmp_path)
    policies = {each.name: each.missing for each in study.inputs}
    assert policies == {
        "plant": "refuse",
        "nd_load": "refuse",
        "shifts": "refuse",
        "período": "level",
        "oil": "drop",
    }
    assert study.factors[2].names == ("día", "noche", "unknown")


def test_exact_times_are_as_observed_and_round_times_are_visits(tmp_path: Path) -> None:
    _, study, _ = drafted(machines(), ROLES, tmp_path)
    assert study.time.visits == "observed"
    assert (study.time.name, study.time.unit.es.many) == ("hour", "horas")
    rounded = machines()
    rounded["hours run"] = np.ceil(rounded["hours run"] / 250) * 2.5
    _, study, table = drafted(rounded, ROLES, tmp_path)
    assert study.time.visits == Visits(every=2.5)
    assert study.time.horizon <= table.subjects.frame["hours run"].max()


def test_the_assumptions_are_named(tmp_path: Path) -> None:
    draft, _, table = drafted(machines(), ROLES, tmp_path)
    happened = int((machines()["Broke down"] == "yes").sum())
    assert draft.notes[0].startswith(
        f"Broke down = yes says that the event happened ({happened} rows"
    )
    assert any("No group is named" in note for note in draft.notes)
    assert table.subjects.groups == tuple(str(place) for place in range(1, 21))


@pytest.mark.parametrize(
    ("values", "happened"),
    [
        (["1", "0"], "1"),
        (["1", "2"], "2"),
        (["False", "True"], "True"),
        (["DEAD", "alive"], "DEAD"),
    ],
)
def test_the_event_s_value_is_derived_from_the_data(
    values: list[str], happened: str, tmp_path: Path
) -> None:
    frame = machines()
    frame["Broke down"] = np.where(frame["Broke down"] == "yes", *values)
    _, study, _ = drafted(frame, ROLES, tmp_path)
    assert study.event.happened == happened


@pytest.mark.parametrize(
    ("roles", "change", "said"),
    [
        (Roles("hour run", "Broke down"), {}, "has no column hour run; did you mean hours run?"),
        (
            Roles("balance", "Broke down"),
            {},
            "balance must be a number of at least 0; it is not in 1 ",
        ),
        (Roles("plant", "Broke down"), {}, "plant must be a number of at least 0"),
        (Roles("hours run", "plant"), {}, "it holds 3: North,"),
        (Roles("hours run", "hours run"), {}, "can have one role only"),
        (ROLES, {"yes": "up", "no": "down"}, "does down or up in Broke down say"),
        (Roles("hours run", "Broke down", happened="ja"), {}, "never holds ja; it holds no, yes"),
    ],
)
def test_a_role_that_cannot_be_filled_is_one_sentence(
    roles: Roles, change: dict[str, str], said: str, tmp_path: Path
) -> None:
    frame = machines().assign(balance=np.arange(ROWS) - 1.0)
    frame["Broke down"] = frame["Broke down"].replace(change)
    with pytest.raises(TrainingError) as raised:
        drafted(frame, roles, tmp_path)
    assert said in str(raised.value)


def test_a_row_may_be_censored_at_time_zero(tmp_path: Path) -> None:
    frame = machines()
    frame.loc[9, "hours run"] = 0.0
    frame.loc[9, "Broke down"] = "no"
    _, _, table = drafted(frame, ROLES, tmp_path)
    assert table.rows == ROWS


def test_few_events_and_few_at_the_horizon_are_named(tmp_path: Path) -> None:
    frame = machines()[:40]
    frame.loc[4:, "Broke down"] = "no"
    frame.loc[:3, "Broke down"] = "yes"
    draft, _, _ = drafted(frame, ROLES, tmp_path)
    assert any("only 4 events" in note or "There are only" in note for note in draft.notes)
    assert any("remain at the horizon" in note for note in draft.notes)


def test_a_draft_of_one_event_says_that_no_model_can_be_trained_and_what_to_do(
    tmp_path: Path,
) -> None:
    one = machines().assign(**{"Broke down": ["yes", *["no"] * (ROWS - 1)]})
    draft, _, _ = drafted(one, ROLES, tmp_path)
    (note,) = (each for each in draft.notes if "no model can be trained" in each)
    assert note.endswith("no event is left. Take more data.")

    few = pd.DataFrame({"days": [5, 7, 8, 9, 12], "died": [1, 0, 1, 0, 1], "arm": [*"ababa"]})
    draft, _, _ = drafted(few, Roles("days", "died"), tmp_path)
    assert any(each.endswith("Take more data, or a later horizon.") for each in draft.notes)


@pytest.mark.parametrize(
    ("column", "value", "roles", "said"),
    [
        ("hours run", "0", ROLES, "at hours run 0 in 1 row:"),
        ("plant", "", Roles("hours run", "Broke down", "plant"), "plant is missing in 1 row:"),
        ("serial", "M0007", ROLES, "serial is no id: 1 row with that of an earlier one."),
    ],
)
def test_data_that_no_draft_could_read_are_one_sentence(
    column: str, value: str, roles: Roles, said: str, tmp_path: Path
) -> None:
    frame = machines().astype(str)
    frame.loc[9, [column, "Broke down"]] = [value, "yes"]
    with pytest.raises(TrainingError) as raised:
        drafted(frame, roles, tmp_path)
    assert said in str(raised.value)


def test_a_range_holds_the_last_digit_of_its_data(tmp_path: Path) -> None:
    frame = machines()
    frame["tiny"] = np.random.RandomState(1).normal(size=ROWS) * 1e-12
    _, study, table = drafted(frame, ROLES, tmp_path)
    assert "tiny" in [each.name for each in study.numbers]
    assert table.rows == ROWS


def test_the_horizon_of_a_few_rows_holds_an_event(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "days": [5.96, 7.9, 8.1, 9.3, 12.4],
            "died": [1, 0, 1, 0, 1],
            "arm": ["a", "b", "a", "b", "a"],
        }
    )
    _, study, table = drafted(frame, Roles("days", "died"), tmp_path)
    assert study.time.horizon == 5.96
    assert table.subjects.event.sum() == 1


def test_fewer_groups_than_can_be_held_out_are_an_ordinary_column(tmp_path: Path) -> None:
    roles = Roles("hours run", "Broke down", "country", "serial")
    frame = machines().assign(country="NO")
    draft, study, _ = drafted(frame, roles, tmp_path)
    assert study.data.group is None
    assert any("country holds 1 group, and 3 are needed" in note for note in draft.notes)
    assert ("country", "unused", "the same everywhere: NO") in draft.columns
    two = np.where(np.arange(ROWS) % 2, "NO", "DE")
    draft, study, _ = drafted(frame.assign(country=two), roles, tmp_path)
    assert study.data.group is None
    assert any("country holds 2 groups" in note for note in draft.notes)
    assert ("country", "factor country", "2 levels") in draft.columns


@pytest.mark.parametrize(("mark", "opposite"), [("yes", "no"), ("1", "0"), ("gone", "not gone")])
def test_data_in_which_every_row_has_the_event_can_be_drafted(
    mark: str, opposite: str, tmp_path: Path
) -> None:
    frame = machines().assign(**{"Broke down": mark})
    roles = Roles("hours run", "Broke down", id="serial", happened=mark)
    draft, study, table = drafted(frame, roles, tmp_path)
    assert table.subjects.event.sum() > 0.9 * ROWS
    assert (str(study.event.happened), str(study.event.censored)) == (mark, opposite)
    assert f"Broke down is {mark} in every row" in draft.notes[0]
    subjects = table.subjects
    model = fit_hazard(recipes(study, 1)[0], study, Periods.of(study, subjects), subjects)
    assert np.isfinite(model.hazards(subjects.codes, subjects.numbers)).all()


def test_data_in_which_no_row_has_the_event_cannot_be_drafted(tmp_path: Path) -> None:
    frame = machines().assign(**{"Broke down": "no"})
    with pytest.raises(TrainingError, match=r"must hold two values, .* it holds 1: no"):
        drafted(frame, ROLES, tmp_path)


def test_the_reserved_column_is_named_with_a_way_out(tmp_path: Path) -> None:
    frame = machines()
    draft, _, table = drafted(frame.assign(simulated="yes"), ROLES, tmp_path)
    assert table.source == "simulated"
    frame["simulated"] = np.arange(ROWS) % 7
    with pytest.raises(TrainingError, match=r"simulated is reserved: yes in it .* Rename"):
        drafted(frame, ROLES, tmp_path)
    (tmp_path / "study.toml").write_text(draft.text, encoding="utf-8")
    with pytest.raises(InvalidTableError) as raised:
        load_table(tmp_path / "Maschinen (2).csv", read_study(tmp_path / "study.toml"))
    (fault,) = raised.value.faults
    assert (fault.column, fault.rule) == (
        "simulated",
        "yes or NA: the name is reserved for simulated rows; rename the column (300 cells)",
    )

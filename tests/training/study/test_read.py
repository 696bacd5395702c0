"""Reading a study file: a study, or every fault by key, what it holds and what is allowed."""

from __future__ import annotations

import copy
import datetime
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from training.errors import InvalidStudyError, StudyFault
from training.study.formula import Term, terms
from training.study.read import parse_study, read_study

VALID = Path(__file__).with_name("valid.toml")
START = """horizon = 20
start = { label = { en = "a", es = "b" }, sentence = { en = "on {date}", es = "el {date}" }"""

# What is replaced in the valid file, by what; the key that is named; what else is said.
FAULTS: list[tuple[str, str, str, str]] = [
    # TOML itself
    ('name = "battery-life"', 'name = battery-life"', "", "line 2"),
    ("[time]", "[time", "", "line 21"),
    ("horizon = 20", "horizon = 20\nhorizon = 30", "", "is not TOML"),
    # keys
    ("[time]", "[tiem]", "tiem", "did you mean time?"),
    ("[time]", "[tiem]", "time", "is missing"),
    ("horizon =", "horizont =", "time.horizont", "did you mean horizon?"),
    ("horizon =", "horizont =", "time.horizon", "is missing; allowed: a value; it is required"),
    ('kind = "number"', 'kind = "number"\nlevels = []', "inputs[heat].levels", "a known key"),
    ('unit = { en = "degrees", es = "grados" }', 'unit = { en = "degrees" }',
     "inputs[heat].unit.es", "is missing"),
    ('unit = { en = "degrees", es = "grados" }', 'unit = { en = "d", es = "g", fr = "d" }',
     "inputs[heat].unit.fr", "known: en, es"),
    ('Shelf = { type', 'Shelf = { typ', "columns.Shelf.typ", "did you mean type?"),
    ("missing_level =", "missing_levels =", "inputs[charger].missing_levels",
     "did you mean missing_level?"),
    # types
    ("horizon = 20", 'horizon = "20"', "time.horizon", 'holds "20"; allowed: a number'),
    ("horizon = 20", "horizon = true", "time.horizon", "holds true; allowed: a number"),
    ("horizon = 20", "horizon = nan", "time.horizon", "a finite number"),
    ("horizon = 20", "horizon = -20", "time.horizon", "more than 0"),
    ("horizon = 20", "horizon = 2020-01-01", "time.horizon", "a number"),
    ('name = "battery-life"', "name = 5", "study.name", "text in quotes"),
    ('name = "battery-life"', 'name = "Battery life"', "study.name", "small letters"),
    ('outcome = "failure"', 'outcome = "the failure"', "study.outcome", "letters of any script"),
    ("rows = 500", "rows = 0.5", "simulation.rows", "a whole number"),
    ("rows = 500", "rows = 0", "simulation.rows", "at least 1"),
    ("levels = [{ name = \"Alpha\" }, { name = \"Beta\" }, { name = \"Gamma\" }]", "levels = []",
     "inputs[maker].levels", "at least 1 entries"),
    ('levels = [{ name = "Alpha" }, { name = "Beta" }, { name = "Gamma" }]',
     'levels = ["Alpha"]', "inputs[maker].levels[1]", "a table"),
    ('kind = "number"', 'kind = "numeric"', "inputs[heat].kind", '"factor" or "number"'),
    ('kind = "number"', "", "inputs[heat].kind", "is missing"),
    ('missing = "drop"', 'missing = "guess"', "event.missing", "'refuse' or 'drop'"),
    ("periods = [4, 8, 20]", 'periods = [4, "8", 20]', "time.periods[2]", "a number"),
    ("periods = [4, 8, 20]", "periods = []", "time.periods", "at least 1 entries"),
    ("periods = [4, 8, 20]", "periods = { minimum_event = 5 }", "time.periods.minimum_event",
     "did you mean minimum_events?"),
    ("visits = { every = 2 }", 'visits = "daily"', "time.visits",
     '"observed", or a table such as'),
    ("visits = { every = 2 }", "visits = { every = 0 }", "time.visits.every", "more than 0"),
    ("above = 0", "above = 40", "expectations[1].above", "at most 1"),
    ('maker = ["Gamma"]', "maker = [true]", "expectations[1].more.maker[1]", "text or a number"),
    ('maker = ["Gamma"]', "maker = []", "expectations[1].more.maker", "at least 1 entries"),
    ("[simulation]", "[study]", "", "line 110"),
    # names
    ('name = "heat"', 'name = "maker"', "inputs[maker].name", "each name once"),
    ('name = "fit"', 'name = "heat"', "derived[heat].name", "each name once"),
    ('name = "heat"', 'name = "period"', "inputs[period].name", "does not use itself"),
    ('name = "heat"', 'name = "failure_percent"', "inputs[failure_percent].name",
     "does not use itself"),
    ('name = "heat"', 'name = "mean heat"', "inputs[mean heat].name", "letters of any script"),
    ('name = "week"', 'name = "maker"', "time.name", "no input's"),
    ('name = "week"', 'name = "curve"', "time.name", "does not use itself"),
    ('rows = "cells"', 'rows = "predictions"', "study.rows", "does not use itself"),
    # sentences
    ('outcome = "failure"', 'subject = { en = "{mker} cells", es = "celdas" }\noutcome = "failure"',
     "study.subject.en", "inputs in braces; did you mean maker?"),
    ("horizon = 20", START + "}", "time.start", 'is not "day"'),
    ("horizon = 20", START.replace("el {date}", "el {día}") + "}", "time.start.sentence.es",
     "{date} once"),
    ("horizon = 20", START + ', usual = "6/1" }', "time.start.usual",
     "month and day, such as 06-01"),
    ("step = 0.5", "step = 0.5\ndisplay = { unit = { en = 'K', es = 'K' }, factor = 0 }",
     "inputs[heat].display.factor", "more than 0"),
    # columns
    ('column = "Heat"', 'column = "Maker"', "inputs[heat].column",
     "a column of its own; inputs[maker].column has it"),
    ('column = "Heat"', 'column = "Weeks"', "inputs[heat].column", "time.column has it"),
    ('column = "Failed"', 'column = "Weeks"', "time.column", "event.column has it"),
    ('column = "Rack"', 'column = "Weeks"', "data.group.column",
     "a column of its own; time.column has it"),
    ('column = "Heat"', 'column = "simulated"', "inputs[heat].column", "marks simulated rows"),
    ("Visit = {", "Weeks = {", "columns.Weeks", "described once"),
    ('values = ["top", "bottom"]', 'values = ["top", "top"]', "columns.Shelf.values",
     "each value once"),
    ('values = ["top", "bottom"]', 'values = ["top", "NA"]', "columns.Shelf.values",
     "no cell that data.missing names"),
    (', values = ["top", "bottom"]', "", "columns.Shelf.values", 'exactly if type = "category"'),
    ("minimum = 1, maximum = 10 }", "minimum = 10, maximum = 1 }", "columns.Visit.minimum",
     "at most the maximum, 1"),
    ('pattern = "[A-Z]{2}', 'pattern = "[A-Z{2}', "columns.Code.pattern", "a regular expression"),
    ('format = "yyyy-mm-dd"', 'format = "dd.mm.yyyy"', "columns.Bought.format", "'m/d/yy'"),
    ('Bought = { type = "text"', 'Bought = { type = "number"', "columns.Bought.format",
     'only if type = "text"'),
    # inputs
    ('{ name = "Beta" }, { name = "Gamma" }', '{ name = "Alpha" }', "inputs[maker].levels",
     'holds "Alpha"; allowed: each level once'),
    ('{ name = "None" }', '{ name = "NA" }', "inputs[charger].levels", "data.missing"),
    ('missing_level = "unknown"', 'missing_level = "Alpha"', "inputs[charger].levels",
     "each level once"),
    ('missing_level = "unknown"', "", "inputs[charger].missing_level", "is missing"),
    ("minimum = 0\nmaximum = 60", "minimum = 60\nmaximum = 0", "inputs[heat].minimum",
     "less than the maximum, 0"),
    ("value = 20,", "value = 70,", "inputs[heat].stops[1].value", "from 0 to 60"),
    ("step = 0.5", "step = 100", "inputs[heat].step", "at most the range, 60"),
    ("scale = 5", "scale = 0", "inputs[heat].scale", "more than 0"),
    # time and event
    ("horizon = 20", "horizon = 21", "time.horizon", "multiples of time.visits.every, 2"),
    ("periods = [4, 8, 20]", "periods = [5, 8, 20]", "time.periods", "multiples of"),
    ("periods = [4, 8, 20]", "periods = [8, 4, 20]", "time.periods", "ends that rise"),
    ("periods = [4, 8, 20]", "periods = [4, 8, 18]", "time.periods",
     "a last end equal to time.horizon, 20"),
    ("phases = [8, 20]", "phases = [6, 20]", "time.phases", "ends of periods only"),
    ("periods = [4, 8, 20]", "periods = { minimum_events = 5 }", "time.phases",
     "only where time.periods lists"),
    ('censored = "no"', 'censored = "yes"', "event.censored", "another value"),
    ('censored = "no"', 'censored = "NA"', "event.censored", "data.missing"),
    # formulas
    ("+ heat", "+ heit", "model.formula", "not heit; did you mean heat?"),
    ("+ heat", "+ log(heat)", "model.formula", "no function or expression, as in log(heat)"),
    ("+ heat", "- heat", "model.formula", "only +, : and *, not -"),
    ("+ heat", "+ heat**2", "model.formula", "not **"),
    ("+ heat", "+ 1", "model.formula", "no constant, as in 1"),
    ("+ heat", "+ 'heat'", "model.formula", "no constant"),
    ("+ heat", "+ ", "model.formula", "misplaced"),
    ("+ heat", "heat", "model.formula", "Missing operator"),
    ("+ heat", "+ (heat", "model.formula", "Could not find matching"),
    ("+ heat", "+ {heat}", "model.formula", "no function or expression"),
    ("+ heat", "~ heat", "model.formula", "not ~"),
    ('"maker*period + fit:phase + heat"', '""', "model.formula", "text that is not empty"),
    ('"maker*period + fit:phase + heat"', '" "', "model.formula", "text that is not blank"),
    ('"maker*period + fit:phase + heat"', '"maker*period*phase*fit*charger*heat*maker*fit"',
     "model.formula", "at most 6"),
    ('"period:maker" = 10', '"maker:heat" = 10', "model.penalty.maker:heat",
     "a term of the formula"),
    ('"period:maker" = 10', '"period:maker" = 0', "model.penalty.period:maker", "more than 0"),
    ("C = [0.05, 0.2]", "c = [0.05, 0.2]", "model.search.c", "known: C"),
    ("C = [0.05, 0.2]", "C = [0, 0.2]", "model.search.C", "each once"),
    ("C = [0.05, 0.2]", 'C = ["weak"]', "model.search.C[1]", "a number"),
    ('formula = "maker*', 'estimator = "Forest"\nformula = "maker*', "model.estimator",
     "'LogisticRegression'"),
    ("C = [0.05, 0.2]", "C = []", "model.search.C", "at least 1 entries"),
    ("Maker:Shelf", "Maker:Shelve", "censoring.formula", "not Shelve; did you mean Shelf?"),
    ("Maker:Shelf", "Maker:maker", "censoring.formula", "did you mean Maker?"),
    ("Maker:Shelf", "Maker:Code", "censoring.formula", "never missing, unlike Code"),
    # conditions
    ('charger = ["None", "unknown"]', 'charger = ["Nune"]', "derived[fit].cases[1].where.charger",
     "did you mean None?"),
    ('charger = ["None", "unknown"]', "heat = { minimum = 5 }",
     "derived[fit].cases[1].where.heat", "known: maker, charger"),
    ('equal = ["maker", "charger"]', 'equal = ["maker", "carger"]', "derived[fit].cases[2].equal",
     "did you mean charger?"),
    ('equal = ["maker", "charger"]', 'equal = ["maker"]', "derived[fit].cases[2].equal[2]",
     "is missing"),
    ('{ value = "other" },', '{ value = "other", where = { maker = ["Beta"] } },',
     "derived[fit].cases[3]", "a last case without a condition"),
    ('{ value = "own", equal = ["maker", "charger"] }', '{ value = "own" }',
     "derived[fit].cases[2]", "only the last case"),
    ('column = "Shelf"\ntext', 'column = "Self"\ntext', "rules[2].column", "did you mean Shelf?"),
    ('multiple_of = ["Visit", 2]', 'multiple_of = ["Shelf", 2]', "rules[1].multiple_of",
     "Shelf is no such column"),
    ("Heat = { minimum = 50 }", "Heat = { minimum = 50, maximum = 40 }",
     "rules[2].when.Heat.minimum", "at most the maximum, 40"),
    ("Heat = { minimum = 50 }", "Heat = {}", "rules[2].when.Heat", "a minimum, a maximum or both"),
    ("Heat = { minimum = 50 }", "Maker = { minimum = 50 }", "rules[2].when.Maker",
     "a list of values"),
    ("Heat = { minimum = 50 }", 'Heat = ["hot"]', "rules[2].when.Heat", "a number"),
    ("Heat = { minimum = 50 }", 'Failed = ["maybe"]', "rules[2].when.Failed", "known: yes, no"),
    ('then = { Shelf = ["top"] }', "", "rules[2]", "exactly one of then, cases and multiple_of"),
    ('then = { Shelf = ["top"] }', 'then = { Shelf = ["tip"] }', "rules[2].then.Shelf",
     "did you mean top?"),
    ('maker = ["Gamma"]', 'macker = ["Gamma"]', "expectations[1].more.macker",
     "did you mean maker?"),
    ('maker = ["Gamma"]', 'maker = ["Delta"]', "expectations[1].more.maker",
     "known: Alpha, Beta, Gamma"),
    ('maker = ["Gamma"]', "heat = [80]", "expectations[1].more.heat", "at most 60"),
    ('maker = ["Gamma"]', 'maker = ["Alpha"]', "expectations[1].less", "another group"),
    ("at = 20", "at = 24", "expectations[1].at", "at most time.horizon, 20"),
    ("C = [0.05, 0.2]", "C = [0.05], l1_ratio = [0.1, 0.5]", "model.search.l1_ratio",
     "a parameter of LogisticRegression; known: C"),
    ("C = [0.05, 0.2]", "C = [0.2, 0.2]", "model.search.C", "each once"),
    ("C = [0.05, 0.2]", "C = 0.2", "model.search.C", "a list"),
    ("C = [0.05, 0.2]", "C = [[0.2]]", "model.search.C[1]", "a number"),
    ("C = [0.05, 0.2]", "C = [inf]", "model.search.C[1]", "a finite number"),
    ("horizon = 20", "horizon = 0", "time.horizon", "more than 0"),
    ("horizon = 20", "horizon = []", "time.horizon", "a number"),
    ("visits = { every = 2 }", "visits = { every = 2, from = 1 }", "time.visits.from",
     "a known key"),
    ("periods = [4, 8, 20]", "periods = [4, 4, 20]", "time.periods", "ends that rise"),
    ("periods = [4, 8, 20]", "periods = [0, 8, 20]", "time.periods", "ends that rise"),
    ("periods = [4, 8, 20]", "periods = 20", "time.periods", ""),
    ("phases = [8, 20]", "phases = [20, 8]", "time.phases", "ends that rise"),
    ("phases = [8, 20]", "phases = []", "time.phases", "at least 1 entries"),
    ("scale = 5", "scale = inf", "inputs[heat].scale", "a finite number"),
    ("step = 0.5", "step = 0", "inputs[heat].step", "more than 0"),
    ("rows = 500", "rows = 500\ndropout = 2", "simulation.dropout", "at most 1"),
    ('censored = "no"', "censored = []", "event.censored", ""),
    ("above = 0", "above = 0\neach = 1", "expectations[1].each", "true or false"),
    ("at = 20", "at = 0", "expectations[1].at", "more than 0"),
    ("at = 20", "at = 20\nhard = 'no'", "expectations[1].hard", "true or false"),
    ('"Maker", es', '"  ", es', "inputs[maker].label.en", "text that is not blank"),
    ("periods = [4, 8, 20]", 'periods = "4"', "time.periods", "{ minimum_events = 10 }"),
    ("visits = { every = 2 }", "visits = { every = 1e-9 }", "time.visits.every",
     'at most 1000 visits up to time.horizon, or visits = "observed"'),
    ("scale = 5", "scale = 1e-320", "inputs[heat].scale", "at most 1e+06"),
    ("scale = 5", "scale = 1e300", "inputs[heat].scale", "at least 1e-06"),
    ("centre = 25", "centre = 1e300", "inputs[heat].scale", "at most 1e+06"),
    ('"yes"\ncensored = "no"', "1\ncensored = 1.0", "event.censored", "another value than"),
    ('{ maker = ["Gamma"], fit', '{ heat = { minimum = 99 }, fit', "expectations[1].more.heat",
     "holds minimum 99; allowed: a minimum of at most 60"),
    ('{ maker = ["Gamma"], fit', '{ heat = { maximum = -9 }, fit', "expectations[1].more.heat",
     "a maximum of at least 0"),
    ("C = [0.05, 0.2]", "C = [1, 1e300]", "model.search.C", "from 1e-06 to 1e+06"),
    ("[simulation]", "[gate]\nmargin = 2\n\n[simulation]", "gate.margin", "at most 1"),
    ("rows = 500", "rows = 999999999999", "simulation.rows", "at most 1e+07"),
]  # fmt: skip


def faults(text: str, folder: Path) -> list[str]:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidStudyError) as raised:
        read_study(path)
    return [str(fault) for fault in raised.value.faults]


@pytest.mark.parametrize(("old", "new", "key", "said"), FAULTS)
def test_a_fault_is_named_by_key_value_and_what_is_allowed(
    old: str, new: str, key: str, said: str, tmp_path: Path
) -> None:
    valid = VALID.read_text(encoding="utf-8")
    assert old in valid
    found = faults(valid.replace(old, new, 1), tmp_path)
    assert any(fault.startswith(f"{key}: " if key else "") and said in fault for fault in found)
    # A fault of one entry is not reported a second time wherever its name is used.
    assert len(found) <= 3, found


def test_the_valid_file_has_no_fault() -> None:
    study = read_study(VALID)
    assert [each.name for each in study.factors] == ["maker", "charger"]
    assert [each.name for each in study.numbers] == ["heat"]
    assert study.factors[1].names == ("Alpha", "Beta", "None", "unknown")
    assert study.derived[0].names == ("none", "own", "other")


def test_the_study_of_this_repository_is_valid(root: Path) -> None:
    assert read_study(root / "study.toml").inputs


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    text = VALID.read_text(encoding="utf-8")
    for old, new in (
        ("horizon = 20", 'horizon = "20"'),
        ("minimum = 0\nmaximum = 60", "minimum = 60\nmaximum = 0"),
        ("+ heat", "+ heit"),
        ('column = "Charger"', "column = 5"),
        ('maker = ["Gamma"]', 'maker = ["Delta"]'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    keys = [fault.split(":")[0] for fault in faults(text, tmp_path)]
    assert keys == [
        "time.horizon",
        "inputs[charger].column",
        "inputs[heat].minimum",
        "model.formula",
        "expectations[1].more.maker",
    ]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidStudyError, match="No such file or directory"):
        read_study(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("[study]\nname = 'é'".encode("latin-1"))
    with pytest.raises(InvalidStudyError, match="text in UTF-8; line 2 is not"):
        read_study(tmp_path / "latin.toml")


def test_entries_that_are_faulty_are_not_counted_as_absent(tmp_path: Path) -> None:
    text = VALID.read_text(encoding="utf-8")
    names = '[{ name = "Alpha" }, { name = "Beta" }, { name = "Gamma" }]'
    found = faults(text.replace(names, '["Alpha", "Beta"]', 1), tmp_path)
    assert [fault.split(":")[0] for fault in found] == [
        "inputs[maker].levels[1]",
        "inputs[maker].levels[2]",
    ]


def test_a_file_without_inputs_has_that_one_fault(tmp_path: Path) -> None:
    text = re.sub(r"\[\[inputs.*?(?=\[\[derived)", "", VALID.read_text("utf-8"), flags=re.DOTALL)
    assert [fault.split(":")[0] for fault in faults(text, tmp_path)] == ["inputs"]


def test_a_file_nested_too_deeply_is_one_sentence(tmp_path: Path) -> None:
    assert "nested" in faults("x = " + "[" * 5000 + "]" * 5000, tmp_path)[0]


def test_a_term_has_no_more_coefficients_than_can_be_estimated(tmp_path: Path) -> None:
    levels = ", ".join(f'{{ name = "level {place}" }}' for place in range(4000))
    text = VALID.read_text(encoding="utf-8").replace('{ name = "Gamma" }', levels, 1)
    found = faults(text.replace("+ heat", "+ maker:charger", 1), tmp_path)
    assert any("16008 combinations of levels in maker:charger" in fault for fault in found)


def test_terms_are_products_of_factors_and_numbers() -> None:
    assert terms(read_study(VALID)) == (
        Term(("maker",), (), "maker"),
        Term(("period",), (), "period"),
        Term(("maker", "period"), (), "maker:period"),
        Term(("fit", "phase"), (), "fit:phase"),
        Term((), ("heat",), "heat"),
    )


def test_names_of_any_script_are_names(tmp_path: Path) -> None:
    text = VALID.read_text(encoding="utf-8")
    text = re.sub(r"\bheat\b", "температура", text)
    text = re.sub(r"\bmaker\b(?= =)", '"メーカー"', text)
    text = re.sub(r"\bmaker\b", "メーカー", text)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    labels = [term.label for term in terms(read_study(tmp_path / "study.toml"))]
    assert "температура" in labels
    assert "メーカー:period" in labels


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every table, list and value of a file."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))


DELETED = object()
HOSTILE: list[Any] = [
    *("", "x", "NA", "π" * 3000, "{braces}", "a + b", "\x00", 0, -1, 10**30, 1e300),
    *(float("nan"), float("inf"), True, [], {}, [[]], ["x", 1], {"x": 1}, [{}]),
    *({"name": ["x"]}, datetime.date(2020, 1, 1)),
]


def test_no_value_at_any_place_is_a_traceback() -> None:
    declared = tomllib.loads(VALID.read_text(encoding="utf-8"))
    paths = list(leaves(declared))
    assert len(paths) > 150
    for place, path in enumerate(paths):
        # Each place takes some of the values, so that all meet all kinds of places.
        for value in [DELETED, *HOSTILE[place % 3 :: 3]]:
            changed = copy.deepcopy(declared)
            holder: Any = changed
            for key in path[:-1]:
                holder = holder[key]
            if value is DELETED:
                del holder[path[-1]]
            else:
                holder[path[-1]] = value
            faults: tuple[StudyFault, ...] = ()
            try:
                parse_study(changed)
            except InvalidStudyError as error:
                faults = error.faults
            assert all(fault.key and fault.allowed for fault in faults), (path, value)

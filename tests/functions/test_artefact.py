"""A model folder that is not whole, or not one this code can serve, is refused in one line."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto

from functions import artefact
from functions.artefact import read_artefact
from functions.errors import ArtefactError
from functions.scoring import Scorer
from tests.functions.conftest import Change, Vary
from tests.functions.models import STUDIES


def refusal(folder: Path) -> ArtefactError:
    """The error with which a service over this folder does not start; it is one line."""
    with pytest.raises(ArtefactError) as caught:
        Scorer(read_artefact(folder))
    assert str(caught.value).startswith("model: ")
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def setting(path: str, value: object) -> Change:
    """A change that sets the value at a dotted path of the metadata."""

    def change(metadata: dict[str, Any]) -> None:
        *way, last = path.split(".")
        at: Any = metadata
        for part in way:
            at = at[int(part) if part.isdecimal() else part]
        at[int(last) if last.isdecimal() else last] = value

    return change


def test_a_model_is_read_whole(tmp_path: Path) -> None:
    sketch = STUDIES["factors and a number, steps"]
    folder = sketch.write(tmp_path)
    read = read_artefact(folder)

    text = (folder / "metadata.json").read_bytes()
    metadata = json.loads(text)
    assert read == artefact.Artefact(
        version=hashlib.sha256(text).hexdigest()[:12],
        graph=(folder / "model.onnx").read_bytes(),
        study=artefact.StudyTexts(
            title="text",
            summary="text",
            limits="text",
            rows="patients",
            many="patients",
            outcome="relapse",
            outcome_label="relapse",
            group="patient",
            stand="text",
        ),
        inputs=(
            artefact.Factor("arm", "text", ("placebo", "drug")),
            artefact.Factor("stage", "text", ("I", "II", "III")),
            artefact.Number("age", "text", -10.0, 10.0, (-2.0, 3.0), 3.0),
        ),
        time=artefact.TimeAxis("month", "months", (0, 1, 2, 3, 4), (2, 3, 4), steps=True),
        refits=7,
        t=1.9432,
        stand=artefact.StandInterval(1.9432, 12, (0.3, 0.5, 0.7)),
        source="custom",
        golden=tuple(
            artefact.Golden(
                case["inputs"],
                case["month"],
                case["relapse_percent"],
                tuple(case["interval_90"]),
                tuple(case["stand_interval_90"]),
            )
            for case in metadata["golden"]
        ),
        metadata=metadata,
    )
    assert read.study.percent == "relapse_percent"
    assert read.time.horizon == 4
    assert [each.name for each in read.factors] == ["arm", "stage"]
    assert [each.name for each in read.numbers] == ["age"]
    assert read.example == {"arm": "placebo", "stage": "I", "age": 3.0}


@pytest.mark.trial
def test_a_well_known_value_is_the_example_of_a_number(vary: Vary) -> None:
    stops = [{"value": 0.9, "label": {}}, {"value": 0.05, "label": {}}]
    read = read_artefact(vary(setting("inputs.2.stops", stops)))

    assert read.example["light"] == 0.05


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere")

    assert str(error) == (
        f"model: {tmp_path}/nowhere/metadata.json: expected a readable file, "
        "got No such file or directory"
    )


@pytest.mark.parametrize("name", ["metadata.json", "model.onnx"])
def test_a_missing_file_is_named(vary: Vary, name: str) -> None:
    made = vary()
    (made / name).unlink()

    assert refusal(made).name == f"{made}/{name}"


def test_a_folder_in_place_of_a_file_is_named(vary: Vary) -> None:
    made = vary()
    (made / "model.onnx").unlink()
    (made / "model.onnx").mkdir()

    assert str(refusal(made)) == (
        f"model: {made}/model.onnx: expected a readable file, got Is a directory"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 20, b"[" * 100_000])
def test_metadata_that_is_not_json_is_named(vary: Vary, content: bytes) -> None:
    made = vary()
    (made / "metadata.json").write_bytes(content)

    error = refusal(made)
    assert (error.name, error.expected) == ("metadata.json", "an intact file")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        *[(each, "metadata.json") for each in ("[]", "3", "null", '"model"')],
        ('{"contract": 2, "model": 3}', "model"),
    ],
)
def test_metadata_of_another_shape_is_named(vary: Vary, content: str, name: str) -> None:
    made = vary()
    (made / "metadata.json").write_text(content)

    error = refusal(made)
    assert (error.name, error.expected) == (name, "an object")


@pytest.mark.trial
@pytest.mark.parametrize(
    "path",
    [
        *("contract", "study", "inputs", "time", "interval", "stand_interval", "data", "golden"),
        *("model", "model.sha256", "study.outcome", "study.row.en", "inputs.0.levels"),
        *("inputs.2.minimum", "time.curve", "interval.t", "golden.1.inputs", "golden.1.day"),
    ],
)
def test_a_missing_field_is_named(vary: Vary, path: str) -> None:
    def remove(metadata: dict[str, Any]) -> None:
        *way, last = path.split(".")
        at: Any = metadata
        for part in way:
            at = at[int(part) if part.isdecimal() else part]
        del at[last]

    name = re.sub(r"\.(\d+)", r"[\1]", path)
    assert str(refusal(vary(remove))) == f"model: {name}: expected a value, got nothing"


@pytest.mark.trial
@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("contract", 1, "contract"),
        ("contract", "2", "contract"),
        ("model.sha256", "0" * 64, "model.sha256"),
        ("study.rows", 7, "study.rows"),
        ("study.group", "plot", "study.group"),
        ("inputs", {}, "inputs"),
        ("inputs", [], "inputs"),
        ("inputs.0.kind", "text", "inputs[0].kind"),
        ("inputs.0.levels", [], "inputs[0].levels"),
        ("inputs.0.levels.1.name", "Acer saccharum", "inputs[0].levels"),
        ("inputs.0.levels.1.name", None, "inputs[0].levels[1].name"),
        ("inputs.2.seen", [0.2, 0.1], "inputs[2].seen"),
        ("inputs.2.seen", [-0.1, 0.1], "inputs[2].seen"),
        ("inputs.2.seen", [0.1], "inputs[2].seen"),
        ("inputs.2.seen", [float("nan"), 0.1], "inputs[2].seen[0]"),
        ("inputs.2.minimum", True, "inputs[2].minimum"),
        ("inputs.0.kind", "number", "inputs[0].minimum"),
        ("time.visits", [], "time.visits"),
        ("time.visits.0", 1.0, "time.visits"),
        ("time.visits.2", 3.5, "time.visits"),
        ("time.visits.2", "7", "time.visits[2]"),
        ("time.period_ends.14", 112.0, "time.period_ends"),
        ("time.period_ends.0", 30.0, "time.period_ends"),
        ("time.period_ends.0", 0.0, "time.period_ends"),
        ("time.curve", "smooth", "time.curve"),
        ("data.source", "invented", "data.source"),
        ("interval.refits", "many", "interval.refits"),
        ("interval.refits", 1, "interval.refits"),
        ("interval.refits", 2000, "outputs of model.onnx"),
        ("stand_interval.size", 0, "stand_interval.size"),
        ("stand_interval.spread", [0.1], "stand_interval.spread"),
        ("golden", [], "golden"),
        ("golden.1.mortality_percent", 50.0, "golden[1]"),
        ("golden.2.interval_90", [0.0, 100.0], "golden[2]"),
        ("golden.2.stand_interval_90", [0.0, 100.0], "golden[2]"),
        ("golden.2.stand_interval_90", None, "golden[2]"),
        ("golden.0.inputs.species", "Acer rubrum", "golden[0]"),
        ("golden.3.inputs.soil", "Moon", "golden[3]"),
        ("golden.0.inputs", [], "golden[0].inputs"),
        ("golden.0.mortality_percent", "much", "golden[0].mortality_percent"),
        ("golden.0.day", None, "golden[0].day"),
        ("golden.0.day", 200, "golden[0].day"),
        ("golden.0.inputs.light", "dim", "golden[0]"),
        ("golden.0.interval_90", [92.7461], "golden[0].interval_90"),
        ("interval.t", 2.5, "golden[0]"),
        ("stand_interval.spread.3", 3.0, "golden[2]"),
    ],
)
def test_a_field_that_cannot_be_served_is_named(
    vary: Vary, path: str, value: object, name: str
) -> None:
    assert refusal(vary(setting(path, value))).name == name


@pytest.mark.trial
def test_a_factor_in_the_place_of_another_is_refused(vary: Vary) -> None:
    def exchange(metadata: dict[str, Any]) -> None:
        first, second, third = metadata["inputs"]
        metadata["inputs"] = [second, first, third]

    assert refusal(vary(exchange)).name.startswith("golden[")


def test_an_input_too_many_is_refused(vary: Vary) -> None:
    def add(metadata: dict[str, Any]) -> None:
        metadata["inputs"].append({**metadata["inputs"][2], "name": "shade"})

    assert refusal(vary(add)).name == "inputs of model.onnx"


def test_a_graph_with_one_byte_changed_is_refused(vary: Vary) -> None:
    made = vary()
    graph = bytearray((made / "model.onnx").read_bytes())
    graph[len(graph) // 2] ^= 1
    (made / "model.onnx").write_bytes(graph)

    error = refusal(made)
    assert error.name == "model.sha256"
    assert error.found == hashlib.sha256(graph).hexdigest()


def test_a_graph_cut_short_is_refused(vary: Vary) -> None:
    made = vary()
    graph = (made / "model.onnx").read_bytes()
    (made / "model.onnx").write_bytes(graph[: len(graph) // 2])

    assert refusal(made).name == "model.sha256"


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_broken_graph_is_refused_even_where_the_hash_is_its_own(
    vary: Vary, folder: Path, share: float
) -> None:
    whole = (folder / "model.onnx").read_bytes()
    broken = whole[: int(len(whole) * share)]
    made = vary(setting("model.sha256", hashlib.sha256(broken).hexdigest()))
    (made / "model.onnx").write_bytes(broken)

    error = refusal(made)
    assert (error.name, error.expected) == ("model.onnx", "an intact graph")


@pytest.mark.trial
def test_a_graph_with_a_renamed_input_is_refused(vary: Vary) -> None:
    def rename(graph: Any) -> None:
        graph.input[0].name = "levels"
        for node in graph.node:
            for i, name in enumerate(node.input):
                if name == "codes":
                    node.input[i] = "levels"

    error = refusal(vary(graph=rename))
    assert error.name == "inputs of model.onnx"
    assert error.found == {"levels": ("tensor(int64)", 2), "numbers": ("tensor(float)", 1)}


def test_a_graph_with_another_output_is_refused(vary: Vary) -> None:
    def rename(graph: Any) -> None:
        for node in graph.node:
            for i, name in enumerate(node.output):
                if name == "hazard":
                    node.output[i] = "risk"
        graph.output[0].name = "risk"

    assert refusal(vary(graph=rename)).name == "outputs of model.onnx"


def test_a_graph_with_an_input_of_another_type_is_refused(vary: Vary) -> None:
    def widen(graph: Any) -> None:
        graph.input[0].type.tensor_type.elem_type = TensorProto.INT32

    assert refusal(vary(graph=widen)).name in ("model.onnx", "inputs of model.onnx")


def test_a_model_that_is_only_copied_has_the_same_version(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")

    assert read_artefact(tmp_path / "copy").version == read_artefact(folder).version


def test_any_change_of_the_metadata_is_another_version(vary: Vary, folder: Path) -> None:
    other = vary(setting("gate.verdict", "promote"))

    assert read_artefact(other).version != read_artefact(folder).version


def seal(made: Path) -> Path:
    """Writes what the image's build writes beside a folder."""
    digest = hashlib.sha256((made / "metadata.json").read_bytes()).hexdigest()
    written = made.parent / f"{made.name}.seal"
    written.write_text(f"{digest}  model/metadata.json\n")
    return written


def test_a_sealed_model_is_read_as_any_other(vary: Vary, folder: Path) -> None:
    made = vary()
    seal(made)

    assert read_artefact(made).golden == read_artefact(folder).golden


def test_metadata_changed_after_it_was_sealed_is_refused(vary: Vary) -> None:
    made = vary()
    sealed = seal(made).read_text()[:64]
    metadata = json.loads((made / "metadata.json").read_text())
    setting("metrics.calibration_error", 0.0)(metadata)
    (made / "metadata.json").write_text(json.dumps(metadata))

    found = hashlib.sha256((made / "metadata.json").read_bytes()).hexdigest()
    assert str(refusal(made)) == (
        f"model: SHA-256 of metadata.json: expected {sealed}, got {found}"
    )


def test_a_sound_model_in_the_place_of_the_sealed_one_is_refused(
    vary: Vary, folder: Path, tmp_path: Path
) -> None:
    made = vary(setting("gate.verdict", "promote"))
    Scorer(read_artefact(made))
    shutil.copytree(folder, tmp_path / "sealed")
    seal(tmp_path / "sealed").rename(tmp_path / "varied.seal")

    assert refusal(made).name == "SHA-256 of metadata.json"


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"0" * 63, b"a\nb c"])
def test_a_damaged_seal_is_never_taken_for_none(vary: Vary, content: bytes) -> None:
    made = vary()
    seal(made).write_bytes(content)

    assert refusal(made).name == "SHA-256 of metadata.json"


def test_a_seal_that_cannot_be_read_is_named(vary: Vary) -> None:
    made = vary()
    (made.parent / "varied.seal").mkdir()

    assert str(refusal(made)) == f"model: {made}.seal: expected a readable file, got Is a directory"

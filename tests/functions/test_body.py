"""What a body must be, every way in which it is not, and what the response then says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from functions.api.json_route import LARGEST_BODY, JsonRequest, parse_json
from functions.api.validation import MOST_FAULTS, echo
from tests.events.hostile import BATCH, CORPUS, PREDICT, Hostile
from tests.functions.conftest import Client, read_problem

SPECIES = ["Acer saccharum", "Prunus serotina", "Quercus alba", "Quercus rubra"]
SOILS = [
    "Acer rubrum",
    "Acer saccharum",
    "Populus grandidentata",
    "Prunus serotina",
    "Quercus alba",
    "Quercus rubra",
    "Sterile",
]
LIGHT = "a number from 0 to 1"
DAY = "a number from 0 to 115.5"
LIST = "a list of 1 to 1000 items"
COUNT = "must contain 1 to 1000 items"
OAK = {"species": "Quercus alba", "soil": "Sterile", "light": 0.1}
MANY_DIGITS = "an integer of many digits"
ONE_OF = "must be one of the allowed values"


def fault(field: str, value: object, rule: str, allowed: object) -> dict[str, Any]:
    return {"field": field, "value": value, "rule": rule, "allowed": allowed}


@pytest.mark.trial
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"species": "Acer rubrum"}, fault("species", "Acer rubrum", ONE_OF, SPECIES)),
        ({"species": "quercus alba"}, fault("species", "quercus alba", ONE_OF, SPECIES)),
        ({"species": 3}, fault("species", 3, ONE_OF, SPECIES)),
        ({"species": None}, fault("species", None, ONE_OF, SPECIES)),
        ({"species": ["Quercus alba"]}, fault("species", "a list", ONE_OF, SPECIES)),
        ({"species": {"a": 1}}, fault("species", "an object", ONE_OF, SPECIES)),
        ({"species": "\ud800"}, fault("species", "?", ONE_OF, SPECIES)),
        ({"soil": "Moon"}, fault("soil", "Moon", ONE_OF, SOILS)),
        ({"soil": False}, fault("soil", False, ONE_OF, SOILS)),
        ({"light": -0.01}, fault("light", -0.01, "out of range", LIGHT)),
        ({"light": 1.01}, fault("light", 1.01, "out of range", LIGHT)),
        ({"light": 10**16}, fault("light", "an integer of many digits", "must be a number", LIGHT)),
        (
            {"light": 10**400},
            fault("light", "an integer of many digits", "must be a number", LIGHT),
        ),
        ({"light": "0.1"}, fault("light", "0.1", "must be a number", LIGHT)),
        ({"light": True}, fault("light", True, "must be a number", LIGHT)),
        ({"light": None}, fault("light", None, "must be a number", LIGHT)),
        ({"light": []}, fault("light", "a list", "must be a number", LIGHT)),
        ({"day": -1}, fault("day", -1, "out of range", DAY)),
        ({"day": 116}, fault("day", 116, "out of range", DAY)),
        ({"day": "60"}, fault("day", "60", "must be a number", DAY)),
        ({"day": None}, fault("day", None, "must be a number", DAY)),
        ({"day": True}, fault("day", True, "must be a number", DAY)),
    ],
    ids=str,
)
def test_an_invalid_value_is_named_with_what_is_allowed(
    client: Client, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    document = read_problem(client.post(PREDICT, {**OAK, **change}), 422)

    if expected["value"] == MANY_DIGITS:
        # Too big for a float or only out of range: either way it is refused by name.
        assert document["errors"][0].pop("rule") in ("must be a number", "out of range")
        expected = {name: each for name, each in expected.items() if name != "rule"}
    assert document["detail"] == "The body has 1 invalid field."
    assert document["errors"] == [expected]


@pytest.mark.trial
@pytest.mark.parametrize(
    ("name", "allowed"), [("species", SPECIES), ("soil", SOILS), ("light", LIGHT)]
)
def test_a_missing_input_is_named(client: Client, name: str, allowed: object) -> None:
    sent = {key: value for key, value in OAK.items() if key != name}

    document = read_problem(client.post(PREDICT, sent), 422)
    assert document["errors"] == [fault(name, None, "required", allowed)]


@pytest.mark.trial
@pytest.mark.parametrize(
    "name", ["AMF", "Phenolics", "Event", "Sterile", "Species", "", "seedlings"]
)
def test_an_unknown_field_is_refused_and_the_known_ones_are_listed(
    client: Client, name: str
) -> None:
    document = read_problem(client.post(PREDICT, {**OAK, name: 22.0}), 422)

    inputs = ["species", "soil", "light", "day"]
    assert document["errors"] == [fault(name, 22.0, "unknown field", inputs)]


@pytest.mark.trial
def test_every_fault_of_a_body_is_named_at_once(client: Client) -> None:
    sent = {"species": "Moss", "light": "dim", "day": 300, "AMF": 1}

    document = read_problem(client.post(PREDICT, sent), 422)
    assert document["detail"] == "The body has 5 invalid fields."
    assert sorted(each["field"] for each in document["errors"]) == [
        "AMF",
        "day",
        "light",
        "soil",
        "species",
    ]


@pytest.mark.parametrize("content", ["[]", "3", '"Quercus alba"', "null", "true", "[{}]"])
@pytest.mark.parametrize("path", [PREDICT, BATCH])
def test_a_body_that_is_not_an_object_is_refused(client: Client, path: str, content: str) -> None:
    document = read_problem(client.post(path, content.encode()), 422)

    value = echo(json.loads(content))
    assert document["errors"] == [fault("body", value, "must be an object", "a JSON object")]


@pytest.mark.trial
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, fault("seedlings", None, "required", LIST)),
        ({"seedlings": []}, fault("seedlings", "0 items", COUNT, LIST)),
        (
            {"seedlings": [OAK] * 1001},
            fault("seedlings", "1001 items", COUNT, LIST),
        ),
        ({"seedlings": OAK}, fault("seedlings", "an object", "must be a list", LIST)),
        ({"seedlings": None}, fault("seedlings", None, "must be a list", LIST)),
        ({"seedlings": [OAK, 7]}, fault("seedlings[1]", 7, "must be an object", "a JSON object")),
        ({"seedlings": [None]}, fault("seedlings[0]", None, "must be an object", "a JSON object")),
        (
            {"seedlings": [OAK, OAK, {**OAK, "soil": "Moon"}]},
            fault("seedlings[2].soil", "Moon", ONE_OF, SOILS),
        ),
        (
            {"seedlings": [{**OAK, "day": 60}]},
            fault("seedlings[0].day", 60, "unknown field", ["species", "soil", "light"]),
        ),
        (
            {"seedlings": [{**OAK, "AMF": 1}]},
            fault("seedlings[0].AMF", 1, "unknown field", ["species", "soil", "light"]),
        ),
        (
            {"seedlings": [OAK], "light": 0.1},
            fault("light", 0.1, "unknown field", ["seedlings", "day"]),
        ),
        ({"seedlings": [OAK], "day": 200}, fault("day", 200, "out of range", DAY)),
    ],
    ids=[
        "none",
        "empty",
        "1001",
        "object",
        "null",
        "number in list",
        "null in list",
        "soil",
        "day in row",
        "trait in row",
        "light outside",
        "day",
    ],
)
def test_a_fault_in_a_batch_is_named_by_row(
    client: Client, sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    document = read_problem(client.post(BATCH, sent), 422)

    assert document["errors"] == [expected]


@pytest.mark.trial
def test_a_thousand_bad_rows_are_named_each(client: Client) -> None:
    rows = [{**OAK, "light": 2 + i} for i in range(1000)]

    document = read_problem(client.post(BATCH, {"seedlings": rows}), 422)
    assert document["detail"] == "The body has 1000 invalid fields."
    assert document["errors"] == [
        fault(f"seedlings[{i}].light", 2 + i, "out of range", LIGHT) for i in range(1000)
    ]


@pytest.mark.trial
def test_more_faults_than_an_answer_can_hold_are_counted(client: Client) -> None:
    row = {f"trait {i:04}" + "x" * 40: 1 for i in range(100)}

    document = read_problem(client.post(BATCH, {"seedlings": [row] * 80}), 422)
    assert document["detail"] == f"The body has {80 * 103} invalid fields."
    assert len(document["errors"]) == MOST_FAULTS


@pytest.mark.trial
@pytest.mark.parametrize("hostile", CORPUS, ids=lambda each: each.name)
def test_a_hostile_body_gets_its_answer(client: Client, hostile: Hostile) -> None:
    response = client.request(
        "POST", hostile.path, content=hostile.content, headers=dict(hostile.headers)
    )

    hostile.check(response.status_code, read_problem(response, hostile.status))


@pytest.mark.trial
@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"light": 1e999}', "inf"),
        (b'{"light": -1e999}', "-inf"),
        (b'{"light": "\\ud800"}', "?"),
        (b'{"light": "\\u0000"}', "\x00"),
        (b'{"light": "' + b"a" * 1000 + b'"}', "a" * 100 + "…"),
        (b'{"light": ' + b"9" * 4000 + b"}", "an integer of many digits"),
        (b'{"light": ' + b"[" * 500 + b"]" * 500 + b"}", "a list"),
        (b'{"light": 1e-999, "soil": 5}', None),
    ],
    ids=lambda each: repr(each[:24]) if isinstance(each, bytes) else "",
)
def test_a_hostile_value_is_repeated_in_valid_json(
    client: Client, content: bytes, value: str | None
) -> None:
    document = read_problem(client.post(PREDICT, content), 422)

    found = {each["field"]: each["value"] for each in document["errors"]}
    if value is None:
        assert "light" not in found, "1e-999 is 0, which is a light"
    else:
        assert found["light"] == value


def test_a_hostile_name_is_repeated_in_valid_json(client: Client) -> None:
    content = b'{"' + b"n" * 5000 + b'": 2, "a.b[0]": 3, "\\u0000": 1}'

    document = read_problem(client.post(PREDICT, content), 422)
    found = {each["field"] for each in document["errors"] if each["rule"] == "unknown field"}
    assert found == {"n" * 100 + "…", "a.b[0]", "\x00"}


@pytest.mark.trial
def test_as_many_names_as_a_body_can_hold_are_counted(client: Client) -> None:
    pairs = ", ".join(f'"{i}": 1' for i in range(40_000))

    document = read_problem(client.post(PREDICT, f"{{{pairs}}}".encode()), 422)
    assert document["detail"] == "The body has 40003 invalid fields."
    assert len(document["errors"]) == MOST_FAULTS

    twice = read_problem(client.post(PREDICT, f'{{{pairs}, "39999": 2}}'.encode()), 400)
    assert twice["detail"] == "The body names '39999' twice in one object."


@pytest.mark.trial
@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"},
        {"content-type": "Application/JSON; charset=UTF-8"},
        {"content-type": 'application/json;charset="utf-8"'},
        {"content-type": "application/json; charset=utf-8; profile=x"},
        {"content-type": "application/ld+json"},
        {"content-encoding": "identity"},
        {"content-encoding": "Identity "},
        {"content-encoding": ""},
    ],
    ids=str,
)
def test_json_by_its_other_names_is_read(client: Client, headers: dict[str, str]) -> None:
    assert client.post(PREDICT, OAK, headers=headers).status_code == 200


@pytest.mark.trial
def test_a_byte_order_mark_is_skipped(client: Client) -> None:
    content = b"\xef\xbb\xbf" + json.dumps(OAK).encode()

    assert client.post(PREDICT, content).json() == client.post(PREDICT, OAK).json()


@pytest.mark.trial
def test_minus_zero_is_zero(client: Client) -> None:
    body = b'{"species": "Quercus alba", "soil": "Sterile", "light": -0.0, "day": -0.0}'

    response = client.post(PREDICT, body)
    assert "-0" not in response.text
    assert response.json()["day"] == 0
    assert response.json()["warnings"][0].startswith("light 0 is outside")


def test_an_unknown_content_coding_is_answered_with_the_known_one(client: Client) -> None:
    response = client.post(PREDICT, OAK, headers={"content-encoding": "gzip"})

    assert read_problem(response, 415)["title"] == "Unsupported Media Type"
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.trial
@pytest.mark.parametrize(
    ("method", "path"), [("POST", PREDICT), ("POST", BATCH), ("GET", "/v1/model")]
)
def test_a_query_parameter_is_not_ignored_in_silence(
    client: Client, method: str, path: str
) -> None:
    body = OAK if path == PREDICT else {"seedlings": [OAK]}
    content = json.dumps(body).encode()

    response = client.request(method, f"{path}?day=60&key=a&key=b", content=content)
    document = read_problem(response, 422)
    assert document["detail"] == "The request has 2 invalid fields."
    assert document["errors"] == [
        fault("query.day", "60", "unknown field", []),
        fault("query.key", "b", "unknown field", []),
    ]


@pytest.mark.trial
def test_a_query_of_separators_alone_names_no_parameter(client: Client) -> None:
    for query in ("?", "?&", "?&&"):
        assert client.get(f"/v1/model{query}").status_code == 200
        assert client.post(f"{PREDICT}{query}", OAK).status_code == 200


@pytest.mark.trial
def test_a_body_without_a_content_type_is_read_as_json(client: Client) -> None:
    content = json.dumps(OAK).encode()

    assert client.request("POST", PREDICT, content=content).status_code == 200


@pytest.mark.parametrize("length", [str(LARGEST_BODY + 1), "9" * 30, "9" * 5000])
def test_a_length_over_the_limit_is_refused_before_the_body_is_read(
    client: Client, length: str
) -> None:
    response = client.post(PREDICT, OAK, headers={"content-length": length})

    read_problem(response, 413)


def test_a_body_without_content_length_is_cut_off_at_the_limit(client: Client) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b" " * 65536

    response = client.request("POST", PREDICT, content=endless())

    read_problem(response, 413)
    assert sent < 20


def sent(*messages: dict[str, Any]) -> JsonRequest:
    """A request that receives these messages; for one more an IndexError."""
    left = list(messages)

    async def receive() -> Message:
        return {"type": "http.request", **left.pop(0)}

    return JsonRequest({"type": "http", "headers": []}, receive)


def test_a_body_in_parts_is_read_once_without_starlette_s_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Request, "stream", None)
    request = sent({"body": b'{"a"', "more_body": True}, {"more_body": True}, {"body": b": 1}"})

    async def twice() -> list[Any]:
        return [await request.json(), await request.json(), await request.body()]

    assert asyncio.run(twice()) == [{"a": 1}, {"a": 1}, b'{"a": 1}']


def test_a_body_that_breaks_off_or_grows_too_large_is_read_no_further() -> None:
    more = {"body": b"{}", "more_body": True}
    with pytest.raises(ClientDisconnect):
        asyncio.run(sent(more, {"type": "http.disconnect"}).body())
    large = {"body": b" " * LARGEST_BODY, "more_body": True}
    with pytest.raises(HTTPException, match="413"):
        asyncio.run(sent(large, more).body())


def status(content: bytes) -> int:
    """With which a body is read, or refused."""
    try:
        parse_json(content)
    except HTTPException as error:
        return error.status_code
    return 200


@settings(max_examples=200, deadline=None, derandomize=True)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_a_problem(content: bytes) -> None:
    assert status(content) in (200, 400)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    data=anything
    | st.fixed_dictionaries(
        {"species": anything | st.just("Quercus alba"), "soil": anything | st.just("Sterile")},
        optional={"light": anything | st.floats(0, 1), "day": anything, "seedlings": anything},
    ),
    path=st.sampled_from([PREDICT, BATCH]),
)
def test_any_json_is_answered_or_refused_by_name(client: Client, data: Any, path: str) -> None:
    response = client.post(path, data)

    if response.status_code != 200:
        document = read_problem(response, 422)
        assert document["errors"] != []
        assert all(each["rule"] and each["allowed"] for each in document["errors"])

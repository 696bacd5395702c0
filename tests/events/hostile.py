"""Bodies that mean harm or are broken, each with its right answer, wherever the service runs."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.events import expected

PREDICT, BATCH = "/v1/predict", "/v1/predict/batch"
LARGEST: Final = 512 * 1024
JSON: Final = {"content-type": "application/json"}

_OAK: Final = {"species": "Quercus alba", "soil": "Sterile", "light": 0.1}
_GOOD: Final = json.dumps(_OAK).encode()


@dataclass(frozen=True)
class Hostile:
    """A request that must be refused: with which status, which words, naming which fields."""

    name: str
    content: bytes
    status: int
    detail: str
    """How the answer's detail begins."""
    fields: tuple[str, ...] = ()
    path: str = PREDICT
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)

    def event(self) -> dict[str, Any]:
        """As the REST gateway would send it, byte for byte."""
        event = expected.event("predict")
        event["path"] = self.path
        event["pathParameters"] = {"proxy": self.path.lstrip("/")}
        event["requestContext"]["path"] = f"/v0{self.path}"
        event["headers"] = {"host": "example.org", **self.headers}
        event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
        event["body"] = base64.b64encode(self.content).decode()
        event["isBase64Encoded"] = True
        return event

    def check(self, status: int, document: Mapping[str, Any]) -> None:
        """Asserts that an answer is the right one."""
        assert status == document["status"] == self.status, document
        assert document["detail"].startswith(self.detail), document["detail"]
        fields = tuple(sorted({each["field"] for each in document["errors"]}))
        assert fields == tuple(sorted(self.fields))
        assert all(each["rule"] and each["allowed"] for each in document["errors"])


_NOT_JSON = "The body is not JSON: "
_EMPTY = "The body is empty; expected JSON."
_DEEP = "The body is nested too deeply."
_LONG = "The body holds a number that is too long."
_NO_NAME = "The body holds a name that is not Unicode text."
_BIG = f"A body may hold {LARGEST} bytes."
_SEND = "Send JSON, with content-type: application/json."
_UTF8 = "Send JSON in UTF-8."
_PLAIN = "Send the body uncompressed, without content-encoding."
_ONE = "The body has 1 invalid field."


def _no_number(word: str) -> str:
    return f"The body holds {word}, which is not a JSON number."


def _no_utf8(byte: int) -> str:
    return f"The body is not UTF-8 at byte {byte}."


def _twice(name: str) -> str:
    return f"The body names {name!r} twice in one object."


def _light(literal: bytes) -> bytes:
    """The good body with its light written otherwise."""
    return _GOOD.replace(b"0.1", literal)


def _species(text: str) -> bytes:
    return json.dumps({**_OAK, "species": text}, ensure_ascii=False).encode()


def _batch(rows: list[Any]) -> bytes:
    return json.dumps({"seedlings": rows}).encode()


UNREADABLE: Final = [
    Hostile("nothing", b"", 400, _EMPTY),
    Hostile("white space", b" \t\r\n ", 400, _EMPTY),
    Hostile("a no-break space", "\u00a0".encode(), 400, _NOT_JSON),
    Hostile("NUL bytes", b"\x00" * 64, 400, _NOT_JSON),
    Hostile("an open brace", b"{", 400, _NOT_JSON),
    Hostile("cut short", _GOOD[:-5], 400, _NOT_JSON),
    Hostile("Python's quotes", b"{'light': 0.1}", 400, _NOT_JSON),
    Hostile("Python's words", b'{"light": None, "soil": True}', 400, _NOT_JSON),
    Hostile("a comma too many", b'{"light": 0.1,}', 400, _NOT_JSON),
    Hostile("a comment", b'{"light": 0.1 /* dim */}', 400, _NOT_JSON),
    Hostile("two documents", _GOOD + b"\n" + _GOOD, 400, f"{_NOT_JSON}Extra data at line 2"),
    Hostile("no leading digit", _light(b".1"), 400, _NOT_JSON),
    Hostile("no trailing digit", _light(b"1."), 400, _NOT_JSON),
    Hostile("a plus sign", _light(b"+1"), 400, _NOT_JSON),
    Hostile("a leading zero", _light(b"01"), 400, _NOT_JSON),
    Hostile("hexadecimal", _light(b"0x1"), 400, _NOT_JSON),
    Hostile("digits grouped", _light(b"1_0"), 400, _NOT_JSON),
    Hostile("Arabic digits", _light("\u0660.\u0661".encode()), 400, _NOT_JSON),
    Hostile("a decimal comma", _light(b"0,1"), 400, _NOT_JSON),
    Hostile("a raw line end", b'{"soil": "a\nb"}', 400, f"{_NOT_JSON}Invalid control character"),
    Hostile("a raw NUL", b'{"soil": "a\x00b"}', 400, f"{_NOT_JSON}Invalid control character"),
    Hostile("a raw escape", b'{"soil": "\x1b[2J"}', 400, f"{_NOT_JSON}Invalid control character"),
    Hostile("a broken escape", b'{"soil": "\\x41"}', 400, f"{_NOT_JSON}Invalid \\escape"),
    Hostile("a form", b"light=0.1&soil=Sterile", 400, _NOT_JSON),
    Hostile("XML", b"<seedling/>", 400, _NOT_JSON),
    Hostile("YAML", b"species: Quercus alba", 400, _NOT_JSON),
    Hostile("NaN", _light(b"NaN"), 400, _no_number("NaN")),
    Hostile("infinity", _light(b"Infinity"), 400, _no_number("Infinity")),
    Hostile("minus infinity", _light(b"-Infinity"), 400, _no_number("-Infinity")),
    Hostile("NaN out of the way", b'{"a": [[NaN]]}', 400, _no_number("NaN")),
    Hostile("a name twice", b'{"light": 0.1, "light": 0.2}', 400, _twice("light")),
    Hostile("twice by an escape", b'{"light": 0.1, "\\u006cight": 1}', 400, _twice("light")),
    Hostile("twice further down", b'{"a": {"b": 1, "b": 1}}', 400, _twice("b")),
    Hostile("a name of half a pair", b'{"\\ud800": 1}', 400, _NO_NAME),
    Hostile("such a name further down", b'{"a": [{"\\udfff": 1}]}', 400, _NO_NAME),
    Hostile("such a name twice", b'{"\\ud800": 1, "\\ud800": 1}', 400, _twice("?")),
    Hostile("ten thousand digits", _light(b"9" * 10_000), 400, _LONG),
    Hostile("half a million digits", b"9" * 500_000, 400, _LONG),
    Hostile("arrays that never end", b"[" * 100_000, 400, _DEEP),
    Hostile("arrays in arrays", b"[" * 100_000 + b"]" * 100_000, 400, _DEEP),
    Hostile("objects in objects", b'{"a":' * 80_000 + b"1" + b"}" * 80_000, 400, _DEEP),
    Hostile("depth inside a batch", b'{"seedlings":' + b"[" * 200_000, 400, _DEEP),
    Hostile("bytes of no text", b"\xff\xfe\x00", 400, _no_utf8(0)),
    Hostile("Latin-1", b'{"soil": "\xe9"}', 400, _no_utf8(10)),
    Hostile("a surrogate in UTF-8", b'{"soil": "\xed\xa0\x80"}', 400, _no_utf8(10)),
    Hostile("an overlong NUL", b'{"soil": "\xc0\x80"}', 400, _no_utf8(10)),
    Hostile("beyond Unicode", b'{"soil": "\xf5\x80\x80\x80"}', 400, _no_utf8(10)),
    Hostile("UTF-8 cut short", b'{"soil": "\xe2\x82', 400, _no_utf8(10)),
    Hostile("UTF-16", json.dumps(_OAK).encode("utf-16"), 400, _no_utf8(0)),
    Hostile("UTF-16 without a mark", json.dumps(_OAK).encode("utf-16-be"), 400, _NOT_JSON),
    Hostile("UTF-32", json.dumps(_OAK).encode("utf-32-le"), 400, _NOT_JSON),
    Hostile("two byte order marks", b"\xef\xbb\xbf" * 2 + _GOOD, 400, _NOT_JSON),
    Hostile("nothing but a byte order mark", b"\xef\xbb\xbf", 400, _EMPTY),
    Hostile("gzip, undeclared", gzip.compress(_GOOD, mtime=0), 400, _no_utf8(1)),
    Hostile("a zip bomb, undeclared", gzip.compress(b" " * 10_000_000, mtime=0), 400, _no_utf8(1)),
]
"""What is no JSON; it is the same at every address."""

TOO_LARGE: Final = [
    Hostile("a byte too many", b" " * (LARGEST - 1) + b"{}", 413, _BIG),
    Hostile("a million numbers", b"[" + b"0," * 999_999 + b"0]", 413, _BIG),
    Hostile("10 MB", b'"' + b"a" * 10_000_000 + b'"', 413, _BIG),
]

NOT_PLAIN_JSON: Final = [
    Hostile(f"sent as {kind or 'nothing'}", _GOOD, 415, detail, headers={"content-type": kind})
    for kind, detail in {
        "text/plain": _SEND,
        "text/json": _SEND,
        "application/x-www-form-urlencoded": _SEND,
        "multipart/form-data; boundary=x": _SEND,
        "application/xml": _SEND,
        "application/gzip": _SEND,
        "application/octet-stream": _SEND,
        "application/x+jsonlines": _SEND,
        "application/json, text/plain": _SEND,
        "": _SEND,
        "json": _SEND,
        "*/*": _SEND,
        "application/json; charset=utf-16": _UTF8,
        "application/json; charset=latin-1": _UTF8,
        "application/json; charset=utf-8; charset=utf-16": _UTF8,
    }.items()
] + [
    Hostile(
        f"packed as {coding}", content, 415, _PLAIN, headers={**JSON, "content-encoding": coding}
    )
    for coding, content in {
        "gzip": gzip.compress(b" " * 50_000_000, mtime=0),
        "deflate": zlib.compress(_GOOD),
        "br": b"\x0b\x02\x80{}\x03",
        "gzip, gzip": gzip.compress(gzip.compress(_GOOD, mtime=0), mtime=0),
        "br, identity": _GOOD,
    }.items()
]

UNUSABLE: Final = [
    *(
        Hostile(f"at the top {content.decode()[:12]}", content, 422, _ONE, ("body",))
        for content in (b"[]", b"[{}]", b"3", b'"Quercus alba"', b"null", b"true", b"1e999")
    ),
    Hostile("a long list at the top", b"[" + b"0," * 200_000 + b"0]", 422, _ONE, ("body",)),
    Hostile("a long text at the top", b'"' + b"a" * 500_000 + b'"', 422, _ONE, ("body",)),
    *(
        Hostile(f"light is {name}", _light(literal), 422, _ONE, ("light",))
        for name, literal in {
            "null": b"null",
            "true": b"true",
            "a text": b'"0.1"',
            "an empty text": b'""',
            "a list": b"[0.1]",
            "an object": b'{"value": 0.1}',
            "more than a double holds": b"1e999",
            "less than a double holds": b"-1e999",
            "a little too much": b"1.0000000000000002",
            "a little too little": b"-5e-324",
            "four thousand digits": b"9" * 4000,
            "nested 500 times": b"[" * 500 + b"]" * 500,
            "half a pair": b'"\\ud800"',
            "NUL, escaped": b'"\\u0000"',
            "NaN in quotes": b'"NaN"',
            "a long text": b'"' + b"a" * 500_000 + b'"',
        }.items()
    ),
    *(
        Hostile(f"species is {name}", _species(text), 422, _ONE, ("species",))
        for name, text in {
            "with a space more": "Quercus alba ",
            "in small letters": "quercus alba",
            "with a Cyrillic letter": "Quercus \u0430lba",
            "with a mark that does not show": "Quercus\u200b alba",
            "written from right to left": "\u202eabla sucreuQ",
            "a script": "<script>alert(1)</script>",
            "a query": "' OR 1=1; DROP TABLE seedlings --",
            "a path": "../../../../etc/passwd",
            "a template": "{{7*7}}${jndi:ldap://example.org/a}%s%n",
            "a line of a log": 'x\\n{"level":"CRITICAL"}',
            "an emoji": "\U0001f333" * 200,
        }.items()
    ),
    *(
        Hostile(
            f"an input named {name[:16] or 'nothing'}",
            json.dumps({**_OAK, name: 1}).encode(),
            422,
            _ONE,
            (field,),
        )
        for name, field in {
            "__proto__": "__proto__",
            "constructor": "constructor",
            "__class__": "__class__",
            "": "",
            "\x00": "\x00",
            "a.b[0]": "a.b[0]",
            "n" * 5000: "n" * 100 + "…",
        }.items()
    ),
    Hostile(
        "nulls everywhere",
        b'{"species": null, "soil": null, "light": null, "day": null}',
        422,
        "The body has 4 invalid fields.",
        ("species", "soil", "light", "day"),
    ),
]
"""What is JSON and no seedling."""

UNUSABLE_BATCHES: Final = [
    Hostile(f"a batch of {name}", content, 422, _ONE, (field,), path=BATCH)
    for name, content, field in (
        ("nothing", b"{}", "seedlings"),
        ("null", b'{"seedlings": null}', "seedlings"),
        ("a text", b'{"seedlings": "all"}', "seedlings"),
        ("one, not in a list", _batch([]).replace(b"[]", _GOOD), "seedlings"),
        ("an empty list", _batch([]), "seedlings"),
        ("1001", _batch([_OAK] * 1001), "seedlings"),
        (
            "a quarter of a million numbers",
            _batch([]).replace(b"[]", b"[" + b"0," * 250_000 + b"0]"),
            "seedlings",
        ),
        ("a list of lists", _batch([[_OAK]]), "seedlings[0]"),
        ("nulls", _batch([_OAK, None]), "seedlings[1]"),
        ("true for light", _batch([_OAK, {**_OAK, "light": True}]), "seedlings[1].light"),
        ("a text for light", _batch([{**_OAK, "light": "0.1"}, _OAK]), "seedlings[0].light"),
        ("a soil unknown", _batch([_OAK, _OAK, {**_OAK, "soil": "Moon"}]), "seedlings[2].soil"),
        ("a day in a row", _batch([{**_OAK, "day": 60}]), "seedlings[0].day"),
    )
]

CORPUS: Final = [
    *UNREADABLE,
    *(
        Hostile(f"a batch: {each.name}", each.content, each.status, each.detail, path=BATCH)
        for each in UNREADABLE[::6]
    ),
    *TOO_LARGE,
    *NOT_PLAIN_JSON,
    *UNUSABLE,
    *UNUSABLE_BATCHES,
]
"""All of them."""

_MANY: Final = ",".join(f'"{i}":1' for i in range(40_000))
HEAVY: Final = [
    Hostile("twice among forty thousand", f'{{{_MANY},"39999":2}}'.encode(), 400, _twice("39999")),
    Hostile("one name 70,000 times", b"{" + b'"a":1,' * 70_000 + b'"a":1}', 400, _twice("a")),
    Hostile(
        "120 long integers", b"[" + b",".join([b"9" * 4000] * 120) + b"]", 422, _ONE, ("body",)
    ),
    Hostile("400,000 decimals", _light(b"9." + b"9" * 400_000), 422, _ONE, ("light",)),
    Hostile(
        "80,000 escapes",
        _species("").replace(b'""', b'"' + b"\\u0041" * 80_000 + b'"'),
        422,
        _ONE,
        ("species",),
    ),
]
"""What is meant to keep a parser busy."""

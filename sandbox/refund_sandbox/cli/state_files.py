"""State documents in files: JSON as a sandbox writes it, or YAML that is written while the JSON comes."""

import codecs
import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.resolver import Resolver

from refund_sandbox.whole_files import replacing

_CHUNK_BYTES = 1024 * 1024
_SPACE = re.compile(r"[ \t\n\r]*")
_AFTER_VALUE = frozenset(",:]} \t\n\r")
_LEVELS = 3
"""Levels of a state document that are read value by value: document, section, list."""
_CACHED_SCALARS = 10_000
"""Number of scalars whose events are reused. Most values of a state are defaults."""


def is_json(file: Path) -> bool:
    """Whether a file is JSON by its name. Others are YAML."""
    return file.suffix == ".json"


@contextmanager
def open_output(file: Path) -> Iterator[IO[str]]:
    """Open a file for text, or stdout for `-`. An existing file is replaced at the end, and stays if the block raises."""
    if str(file) == "-":
        yield sys.stdout
    elif file.exists() and not file.is_file():  # a pipe or a device
        with file.open("w", encoding="utf-8", newline="\n") as output:
            yield output
    else:
        with replacing(file) as output:
            yield output


def write_json(pieces: Iterable[bytes], output: IO[str]) -> None:
    """Write a document as it comes: each entry of a list is on a line of its own."""
    for text in codecs.iterdecode(pieces, "utf-8"):
        output.write(text)
    output.write("\n")


def write_yaml(pieces: Iterable[bytes], output: IO[str]) -> None:
    """Write a document in JSON as YAML, one entry of a list after the other."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # written in C where libyaml is there
    events = YamlEvents().of(JsonReader(pieces))
    yaml.emit(events, output, Dumper=dumper, allow_unicode=True)


def read_chunks(source: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of a file in chunks."""
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk


class JsonReader:
    """Reader of JSON that comes in pieces. It reads objects and lists member by member where the caller wants it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._texts = codecs.iterdecode(pieces, "utf-8")
        self._text = ""
        self._position = 0
        self._decode = json.JSONDecoder().raw_decode

    def peek(self) -> str:
        """Return the next character that is no white space. Raises ValueError at the end."""
        while True:
            match = _SPACE.match(self._text, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._read_more():
                raise ValueError("the document ends too early")

    def value(self) -> Any:
        """Return the next JSON value, and read as much of the file as it needs."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._position)
            except ValueError:
                if not self._read_more():
                    raise
                continue
            if self._text[end : end + 1] in _AFTER_VALUE or not self._read_more():  # a number may go on in the next piece
                self._position = end
                return value

    def members(self) -> Iterator[str]:
        """Yield the names of an object. The caller reads the value of each."""
        for _ in self.entries():
            name: str = self.value()
            self._skip(":")
            yield name

    def entries(self) -> Iterator[None]:
        """Yield before each entry of a list, or member of an object, which the caller reads."""
        end = {"[": "]", "{": "}"}[self.peek()]
        self._position += 1
        if self.peek() != end:
            yield
            while self.peek() == ",":
                self._position += 1
                yield
        self._skip(end)

    def _skip(self, character: str) -> None:
        if self.peek() != character:
            raise ValueError(f"expected {character}")
        self._position += 1

    def _read_more(self) -> bool:
        text = next(self._texts, None)
        if text is None:
            return False
        self._text, self._position = self._text[self._position :] + text, 0
        return True


class YamlEvents:
    """Events of PyYAML's emitter for JSON. Its own representer would take five times as long."""

    def __init__(self) -> None:
        self._scalars: dict[tuple[type, Any], Event] = {}
        self._resolve = Resolver().resolve

    def of(self, reader: JsonReader) -> Iterator[Event]:
        """Yield the events of a document."""
        yield from (StreamStartEvent(), DocumentStartEvent())
        yield from self._read(reader, _LEVELS)
        yield from (DocumentEndEvent(), StreamEndEvent())

    def _read(self, reader: JsonReader, levels: int) -> Iterator[Event]:
        kind = reader.peek() if levels else ""
        if kind == "{":
            yield _MAPPING
            for name in reader.members():
                yield self._scalar(name)
                yield from self._read(reader, levels - 1)
            yield _END_OF_MAPPING
        elif kind == "[":
            yield _SEQUENCE
            for _ in reader.entries():
                yield from self._read(reader, 0)
            yield _END_OF_SEQUENCE
        else:
            events: list[Event] = []
            self._add(reader.value(), events)
            yield from events

    def _add(self, value: Any, events: list[Event]) -> None:
        if isinstance(value, dict):
            events.append(_MAPPING)
            for name, inner in value.items():
                events.append(self._scalar(name))
                self._add(inner, events)
            events.append(_END_OF_MAPPING)
        elif isinstance(value, list):
            events.append(_SEQUENCE)
            for inner in value:
                self._add(inner, events)
            events.append(_END_OF_SEQUENCE)
        else:
            events.append(self._scalar(value))

    def _scalar(self, value: Any) -> Event:
        key = type(value), value
        event = self._scalars.get(key)
        if event is None:
            event = self._make_scalar(value)
            if len(self._scalars) < _CACHED_SCALARS:
                self._scalars[key] = event
        return event

    def _make_scalar(self, value: Any) -> Event:
        if not isinstance(value, str):
            return ScalarEvent(None, None, (True, False), json.dumps(value))
        tag = self._resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
        is_plain = tag == "tag:yaml.org,2002:str"
        return ScalarEvent(None, None, (is_plain, True), value)


_MAPPING, _END_OF_MAPPING = MappingStartEvent(None, None, True, flow_style=False), MappingEndEvent()
_SEQUENCE, _END_OF_SEQUENCE = SequenceStartEvent(None, None, True, flow_style=False), SequenceEndEvent()

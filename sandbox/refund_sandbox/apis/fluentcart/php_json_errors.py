"""Errors of json_decode(): the code of the first error in a text, as PHP 8.2 finds it. It reads the text from left to right."""

import re

_MESSAGES = {
    1: "Maximum stack depth exceeded",
    2: "State mismatch (invalid or malformed JSON)",
    3: "Control character error, possibly incorrectly encoded",
    4: "Syntax error",
    5: "Malformed UTF-8 characters, possibly incorrectly encoded",
    10: "Single unpaired UTF-16 surrogate in unicode escape",
}
_DEPTH, _MISMATCH, _CONTROL, SYNTAX, _UTF8, _UTF16 = _MESSAGES
_BLANKS = r"[ \t\n\r]*+"
_ESCAPE = (
    r'\\(?:["\\/bfnrt]|u(?:[0-9a-cA-CefEF][0-9a-fA-F]|[dD][0-7])[0-9a-fA-F]{2}'
    r"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_TEXT = rf'"(?:[^"\\\x00-\x1f\udc80-\udcff]++|{_ESCAPE})*+'
"""A string without its closing quote. A byte that is no UTF-8 has been decoded to a surrogate."""
_VALUE = rf'(?:{_TEXT}"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+|true|false|null)'
_BLANK, _OPEN_TEXT, _SCALAR = re.compile(_BLANKS), re.compile(_TEXT), re.compile(_VALUE)
_CODE_UNIT = re.compile(r"\\u[0-9a-fA-F]{4}")
_NAME = re.compile(rf'{_TEXT}"{_BLANKS}')
_PAIR = rf'{_TEXT}"{_BLANKS}:{_BLANKS}{_VALUE}{_BLANKS}'
_FLAT_LIST = rf"\[{_BLANKS}(?:{_VALUE}{_BLANKS}(?:,{_BLANKS}{_VALUE}{_BLANKS})*+)?+\]"
_FLAT_OBJECT = rf"\{{{_BLANKS}(?:{_PAIR}(?:,{_BLANKS}{_PAIR})*+)?+\}}"
_FLAT = rf"(?:{_VALUE}|{_FLAT_LIST}|{_FLAT_OBJECT})"
_MORE = {
    "]": re.compile(rf"(?:{_BLANKS},{_BLANKS}{_FLAT})*+{_BLANKS}"),
    "}": re.compile(rf'(?:{_BLANKS},{_BLANKS}{_TEXT}"{_BLANKS}:{_BLANKS}{_FLAT})*+{_BLANKS}'),
}
"""Further entries of a list and of an object, up to the first that is nested deeper than one level."""
_CLOSES = {"[": "]", "{": "}"}


class JsonError(ValueError):
    """Code and message of json_last_error()."""

    def __init__(self, code: int) -> None:
        super().__init__(_MESSAGES[code])
        self.code = code
        self.message = _MESSAGES[code]


def find_error(body: bytes, max_depth: int) -> JsonError | None:
    """Return the first error of a JSON text; None if PHP reads it."""
    reader = _Reader(body.decode("utf-8", "surrogateescape"), max_depth)
    try:
        reader.read()
    except JsonError as error:
        return error
    return None


class _Reader:
    """Position in a text, and the brackets that are open there."""

    def __init__(self, text: str, max_depth: int) -> None:
        self._text, self._max_depth = text, max_depth
        self._position = 0
        self._closes: list[str] = []

    def read(self) -> None:
        """Read the whole text. Raise JsonError at the first error."""
        self._skip(_BLANK)
        has_opened = self._read_value()
        while self._closes:
            may_nest = len(self._closes) < self._max_depth
            self._skip(_MORE[self._closes[-1]] if may_nest and not has_opened else _BLANK)
            if self._next() in ("]", "}"):
                self._close()
                has_opened = False
            else:
                if not has_opened:
                    self._take(",")
                has_opened = self._read_entry()
        self._skip(_BLANK)
        if self._next():
            raise self._error()

    def _next(self) -> str:
        return self._text[self._position : self._position + 1]

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._text, self._position)
        if found:
            self._position = found.end()
        return found is not None

    def _take(self, mark: str) -> None:
        if self._next() != mark:
            raise self._error()
        self._position += 1
        self._skip(_BLANK)

    def _close(self) -> None:
        if self._next() != self._closes.pop():
            raise JsonError(_MISMATCH)
        self._position += 1

    def _read_entry(self) -> bool:
        if self._closes[-1] == "}":
            if not self._skip(_NAME):
                raise self._error()
            self._take(":")
        return self._read_value()

    def _read_value(self) -> bool:
        """Read a scalar or an opening bracket. Return whether it was a bracket."""
        if self._skip(_SCALAR):
            return False
        bracket = self._next()
        if bracket not in _CLOSES:
            raise self._error()
        if len(self._closes) == self._max_depth:
            raise JsonError(_DEPTH)
        self._closes.append(_CLOSES[bracket])
        self._position += 1
        return True

    def _error(self) -> JsonError:
        """Return the error of the next token, which is not the expected one. A token can be malformed itself."""
        if self._next() != '"':
            return JsonError(_of_character(self._next(), at_end=SYNTAX))
        self._skip(_OPEN_TEXT)
        if _CODE_UNIT.match(self._text, self._position):
            return JsonError(_UTF16)
        return JsonError(_of_character(self._next(), at_end=_CONTROL))


def _of_character(character: str, *, at_end: int) -> int:
    """Return the code of a character in a wrong place."""
    if not character:
        return at_end
    if character < " ":
        return _CONTROL
    return _UTF8 if "\udc80" <= character <= "\udcff" else SYNTAX

"""The writer of compact JSON gives the same text as `json.dumps`, with the encoder in C and without it."""

import json
from json import encoder
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_sandbox.core import json_writer
from tests.support import budget

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner), max_leaves=20)


@settings(max_examples=budget.examples(300))
@given(_VALUES, st.booleans(), st.booleans())
def test_the_text_equals_that_of_json_dumps(value: Any, ensure_ascii: bool, allow_nan: bool) -> None:
    def written(write: Any) -> str:
        try:
            return str(write(value))
        except ValueError:
            return "refused"

    options: Any = {"ensure_ascii": ensure_ascii, "allow_nan": allow_nan}
    wanted = written(lambda value: json.dumps(value, separators=(",", ":"), **options))
    assert written(json_writer.writer(**options)) == wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "c_make_encoder", None)
        assert written(json_writer.writer(**options)) == wanted


@pytest.mark.parametrize("there", [True, False])
def test_a_value_that_is_not_json_raises_an_error(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not there:
        monkeypatch.setattr(encoder, "c_make_encoder", None)
    with pytest.raises(TypeError):
        json_writer.writer(ensure_ascii=True, allow_nan=True)({"at": object()})

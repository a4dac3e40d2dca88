"""Mutants stay possible: each place that one changes is still there, and each has tests of its own to notice it."""

import ast
from pathlib import Path

import pytest

from tests.mutants.all_mutants import MUTANTS
from tests.mutants.mutant import PACKAGE, ROOT, Edit, Mutant, PlaceGone

pytestmark = pytest.mark.memory_only


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_the_place_of_a_mutant_is_there(mutant: Mutant) -> None:
    for edit in mutant.edits:
        changed = edit.apply((PACKAGE / edit.file).read_text(encoding="utf-8"))

        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse((PACKAGE / edit.file).read_text(encoding="utf-8")))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_the_tests_of_a_mutant_are_there(mutant: Mutant) -> None:
    files = [Path(argument.partition("::")[0]) for argument in mutant.tests if argument.startswith("tests/")]

    assert files
    assert all((ROOT / file).exists() for file in files)


def test_names_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_an_edit_of_a_text_that_is_gone_or_stands_twice_is_refused() -> None:
    for source in ("a", "bb"):
        with pytest.raises(PlaceGone, match=r"x\.py has [02] times: b"):
            Edit("x.py", "b", "c").apply(source)

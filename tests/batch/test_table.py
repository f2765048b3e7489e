"""Tables: each row is somebody, or is reported with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from aetherist.batch import Item, read_table

NAMES = ("age", "ethnicity.asian", "ethnicity.european")


@pytest.fixture
def write(tmp_path: Path):
    def written(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "people.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return written


def test_a_row_is_a_person(write) -> None:
    table = read_table(write("seed,age,ethnicity.asian,yaw,psi\n7,0.5,0.7,0.3,\n8,,,,0.5\n"), NAMES)
    assert table.bad == ()
    assert table.items == (
        Item("row", 1, 7, edits={"age": 0.5, "ethnicity": {"asian": 0.7}}, angles=(0.3, 0.0)),
        Item("row", 2, 8, psi=0.5),
    )
    assert [item.name for item in table.items] == ["row0000001", "row0000002"]


def test_the_spreadsheet_dialect_is_read(write) -> None:
    assert read_table(write('\ufeff"seed", age \r\n 7 ,"0.5"\r\n\r\n8,1\r\n'), NAMES).items == (
        Item("row", 1, 7, edits={"age": 0.5}),
        Item("row", 2, 8, edits={"age": 1.0}),
    )


@pytest.mark.parametrize(("seeds", "expected"), [(None, [1, 2]), ([5], [5, 5]), ([5, 3, 9], [5, 3])])
def test_rows_without_seeds_get_them(write, seeds, expected) -> None:
    assert [item.seed for item in read_table(write("age\n0\n1\n"), NAMES, seeds=seeds).items] == expected


def test_bad_rows_are_reported_with_their_line_and_keep_their_number(write) -> None:
    path = write('seed,age\n1,0\nx,0\n2,old\n\n3,"0\n"\n4\n5,inf\n-1,0\n6,0\n')
    table = read_table(path, NAMES)
    assert [(row.line, row.reason.partition(";")[0]) for row in table.bad] == [
        (3, "seed 'x' is none"),
        (4, "age 'old' is no finite number"),
        (8, "1 cells, and there are 2 columns"),
        (9, "age 'inf' is no finite number"),
        (10, "seed '-1' is none"),
    ]
    assert str(table.bad[0]).startswith(f"{path}:3: seed 'x'")
    assert [(item.key, item.seed) for item in table.items] == [(1, 1), (4, 3), (8, 6)]


def test_too_few_seeds_are_the_fault_of_the_rows_without(write) -> None:
    table = read_table(write("age\n0\n1\n2\n"), NAMES, seeds=[5, 6])
    assert len(table.items) == 2
    assert "row 3, and there are 2 seeds" in table.bad[0].reason


def test_edits_can_be_checked(write) -> None:
    def check(edits):
        if edits.get("age", 0) > 2:
            raise ValueError("too old")

    table = read_table(write("age\n1\n3\n"), NAMES, check=check)
    assert [row.reason for row in table.bad] == ["too old"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first row names the columns"),
        ("seed,aeg\n", "no column 'aeg'; did you mean age"),
        ("seed,ethnicity\n", "no column 'ethnicity'"),
        ("age,age\n", "two columns 'age'"),
        ('age\n"0\n', ":2: this is no CSV"),
    ],
)
def test_what_is_wrong_for_all_rows_is_an_error(write, text, said) -> None:
    with pytest.raises(ValueError, match=said):
        read_table(write(text), NAMES)


def test_what_is_no_text_is_an_error(write) -> None:
    with pytest.raises(ValueError, match="no CSV in UTF-8"):
        read_table(write("seed\n\xe9\n", "latin-1"))


def test_a_model_without_directions_has_no_attributes(write) -> None:
    with pytest.raises(ValueError, match="no style directions"):
        read_table(write("seed,age\n"))


def test_seeds_are_given_once(write) -> None:
    with pytest.raises(ValueError, match="column 'seed', and seeds were given"):
        read_table(write("seed\n1\n"), seeds=[1])

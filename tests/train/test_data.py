"""Tables are read as they are meant, and refused with column, count, line and way out."""

import contextlib

import numpy as np
import pytest

from whygrad.core.errors import DataError, UsageError, WhygradError
from whygrad.train.data import Reading, apply, prepare
from whygrad.train.table import read_table

from .files import COX, DATA, LINEAR, LOGISTIC, SOFTMAX, SVM, cost, write

LIN, LOG, SOFT = cost(LINEAR), cost(LOGISTIC), cost(SOFTMAX)


def said(dataset) -> str:
    return " | ".join([*dataset.said, *dataset.warnings])


# --- roles --------------------------------------------------------------------------------------


def test_the_last_column_is_the_target_and_the_rest_is_x(tmp_path):
    d = prepare(LIN, write(tmp_path, "a,b,price\n1,2,3\n4,5,7\n"))
    assert np.array_equal(d.arrays["x"], [[1, 2], [4, 5]])
    assert np.array_equal(d.arrays["y"], [3, 7])
    assert d.sizes == {"m": 2, "n": 2}
    assert "y = price (target)" in said(d)
    assert "x = a, b" in said(d)


def test_a_column_of_the_targets_name_wins_over_the_last(tmp_path):
    d = prepare(LIN, write(tmp_path, "y,a,b\n3,1,2\n7,4,5\n"))
    assert np.array_equal(d.arrays["y"], [3, 7])
    assert d.recipe.columns["x"] == ("a", "b")


def test_target_and_bind_choose(tmp_path):
    path = write(tmp_path, 'age,"weight, kg",bmi,out\n1,2,3,4\n5,6,7,9\n')
    d = prepare(LIN, path, target="age", bind={"x": '"weight, kg",bmi'})
    assert np.array_equal(d.arrays["y"], [1, 5])
    assert np.array_equal(d.arrays["x"], [[2, 3], [6, 7]])
    with pytest.raises(DataError, match=r"no column 'agee'[\s\S]*near names: age"):
        prepare(LIN, path, target="agee")
    with pytest.raises(DataError, match=r"near names: bmi"):
        prepare(LIN, path, bind={"x": "BMI"})
    with pytest.raises(UsageError, match=r"q is not a data name[\s\S]*y, x"):
        prepare(LIN, path, bind={"q": "age"})
    with pytest.raises(UsageError, match="one value a row"):
        prepare(LIN, path, bind={"y": "age,bmi"})


def test_several_targets_take_the_columns_of_their_names(tmp_path):
    text = "age,event,time\n50,1,2.5\n60,0,3\n70,1,1\n"
    d = prepare(cost(COX), write(tmp_path, text))
    assert np.array_equal(d.arrays["time"], [2.5, 3, 1])
    assert d.recipe.columns["x"] == ("age",)
    with pytest.raises(UsageError, match=r"time[\s\S]*--bind time=COLUMN"):
        prepare(cost(COX), write(tmp_path, text.replace("time", "months")))


def test_a_cost_without_a_target(tmp_path):
    pca = cost("data x[i,j]\nparam w[j]\nJ = -mean_i (sum_j w[j] x[i,j])^2 + (sum_j w[j]^2 - 1)^2")
    d = prepare(pca, write(tmp_path, "a,b\n1,2\n3,5\n"))
    assert d.arrays["x"].shape == (2, 2)
    assert d.recipe.target == ()


def test_row_numbers_are_left_out(tmp_path):
    d = prepare(LIN, write(tmp_path, ",a,y\n0,5,1\n1,6,2\n2,9,4\n"))
    assert d.recipe.columns["x"] == ("a",)
    assert "counts 0, 1" in said(d)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,,y\n1,2,3\n4,5,6\n", "column 2 has no name"),
        ("a,a,y\n1,2,3\n4,5,6\n", "2 columns are called 'a'"),
        ("y\n1\n2\n", "no column is left for x"),
    ],
)
def test_columns_without_a_name_of_their_own(tmp_path, text, reason):
    with pytest.raises(DataError, match=reason):
        prepare(LIN, write(tmp_path, text))


def test_doubled_columns_do_no_harm_where_they_are_not_used(tmp_path):
    d = prepare(LIN, write(tmp_path, "a,q,q,y\n1,2,3,4\n4,5,6,8\n"), bind={"x": "a"})
    assert d.arrays["x"].tolist() == [[1], [4]]


# --- labels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells", ["0 1 1 0", "false true true false", "FALSE True TRUE False", "0.0 1.0 1 0"]
)
def test_labels_are_numbers_or_truth(tmp_path, cells):
    rows = "".join(f"{k},{c}\n" for k, c in enumerate(cells.split()))
    assert prepare(LOG, write(tmp_path, "a,y\n" + rows)).arrays["y"].tolist() == [0, 1, 1, 0]
    svm = (
        prepare(cost(SVM), write(tmp_path, "a,y\n" + rows.replace("0.0", "-1")))
        if "f" in cells.lower()
        else None
    )
    assert svm is None or svm.arrays["y"].tolist() == [-1, 1, 1, -1]


def test_labels_that_do_not_fit_name_column_values_line_and_way_out(tmp_path):
    path = write(tmp_path, "a,out\n1,1\n2,2\n3,1\n")
    with pytest.raises(DataError, match=r"'out' holds 1, 2; the first[^\n]* 2 in line 3[\s\S]*--positive 2"):
        prepare(LOG, path)
    assert prepare(LOG, path, positive="2").arrays["y"].tolist() == [0, 1, 0]
    assert prepare(LOG, path, positive="2.0").recipe.classes["y"] == ("1", "2")
    path = write(tmp_path, "a,out\n1,no\n2,yes\n3,yes\n")
    with pytest.raises(DataError, match="no, yes"):
        prepare(LOG, path)
    d = prepare(cost(SVM), path, positive="yes")
    assert d.arrays["y"].tolist() == [-1, 1, 1]
    assert "yes counts as 1, no as -1" in said(d)
    with pytest.raises(DataError, match="does not hold maybe"):
        prepare(LOG, path, positive="maybe")
    with pytest.raises(DataError, match=r"5 in line 4"):
        prepare(LOG, write(tmp_path, "a,y\n1,0\n2,1\n3,5\n"))
    with pytest.raises(DataError, match="more than two values"):
        prepare(LOG, write(tmp_path, "a,y\n1,0\n2,1\n3,5\n"), positive="1")


def test_zero_one_labels_for_a_plus_minus_cost(tmp_path):
    path = write(tmp_path, "a,y\n1,0\n2,1\n3,1\n")
    with pytest.raises(DataError, match=r"--positive 1"):
        prepare(cost(SVM), path)
    assert prepare(cost(SVM), path, positive="1").arrays["y"].tolist() == [-1, 1, 1]


def test_classes_are_sorted_and_gaps_are_no_classes(tmp_path):
    d = prepare(SOFT, write(tmp_path, "a,k\n1,5\n2,0\n3,2\n4,10\n"))
    assert d.recipe.classes["Y"] == ("0", "2", "5", "10")
    assert d.arrays["Y"].argmax(axis=1).tolist() == [2, 0, 1, 3]
    d = prepare(SOFT, write(tmp_path, "a,k\n1,rose\n2,iris\n3,rose\n"))
    assert d.recipe.classes["Y"] == ("iris", "rose")
    assert "classes of k: iris, rose" in said(d)


@pytest.mark.parametrize(
    ("task", "text"),
    [(LOG, "a,y\n1,1\n2,1\n"), (SOFT, "a,k\n1,u\n2,u\n"), (LIN, "a,y\n1,4\n2,4\n")],
    ids=["label", "class", "number"],
)
def test_a_target_that_never_changes_is_refused(tmp_path, task, text):
    with pytest.raises(DataError) as caught:
        prepare(task, write(tmp_path, text))
    assert caught.value.id == "error/data-constant"


def test_positive_without_a_label(tmp_path):
    with pytest.raises(UsageError, match="--positive"):
        prepare(LIN, write(tmp_path, "a,y\n1,2\n2,4\n"), positive="1")


# --- missing, text, strange numbers -------------------------------------------------------------

HOLES = "a,b,y\n1,2,3\n,5,6\n3,NA,1\n4,?,9\nnan,8,7\n"


def test_missing_values_are_refused_with_counts_and_lines(tmp_path):
    with pytest.raises(
        DataError,
        match=r"'a' in 2 rows, first in line 3; column 'b' in 2 rows, first in line 4[\s\S]*--missing",
    ):
        prepare(LIN, write(tmp_path, HOLES))


def test_missing_values_dropped_or_filled(tmp_path):
    d = prepare(LIN, write(tmp_path, HOLES + "5,1,2\n"), missing="drop")
    assert d.rows == 2
    assert d.arrays["y"].tolist() == [3, 2]
    assert "4 rows with missing values left out" in said(d)
    d = prepare(LIN, write(tmp_path, HOLES), missing="mean")
    assert d.arrays["x"][1, 0] == pytest.approx((1 + 3 + 4) / 3)
    assert d.recipe.fill == {"a": pytest.approx(8 / 3), "b": pytest.approx(5.0)}
    with pytest.raises(DataError, match="target has no mean"):
        prepare(LIN, write(tmp_path, "a,y\n1,2\n2,\n3,5\n"), missing="mean")
    with pytest.raises(DataError, match="leaves none"):
        prepare(LIN, write(tmp_path, "a,b,y\n1,,2\n,2,3\n"), missing="drop")


def test_missing_values_in_unused_columns_do_not_matter(tmp_path):
    assert prepare(LIN, write(tmp_path, "a,b,y\n1,,3\n2,,4\n"), bind={"x": "a"}).rows == 2


def test_text_is_refused_by_name_and_taken_as_categories(tmp_path):
    text = "city,a,y\nRome,1,3\nOslo,2,4\nRome,3,9\nBonn,4,1\n"
    with pytest.raises(DataError, match=r"'city' holds text in 4 rows: 'Rome' in line 2[\s\S]*--categories"):
        prepare(LIN, write(tmp_path, text))
    d = prepare(LIN, write(tmp_path, text), categories="drop-first")
    assert d.recipe.names("x") == ("city=Oslo", "city=Rome", "a")
    assert d.arrays["x"].tolist() == [[0, 1, 1], [1, 0, 2], [0, 1, 3], [0, 0, 4]]
    assert "Bonn is left out" in said(d)
    d = prepare(LIN, write(tmp_path, text), categories="all")
    assert d.recipe.names("x") == ("city=Bonn", "city=Oslo", "city=Rome", "a")


def test_one_stray_word_among_numbers_is_no_category(tmp_path):
    rows = "".join(f"{k / 7:.3f},{k}\n" for k in range(200))
    with pytest.raises(DataError, match=r"too many for categories[\s\S]*'oops' in line 202"):
        prepare(LIN, write(tmp_path, "a,y\n" + rows + "oops,1\n"), categories="all")


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_infinite_values_are_refused(tmp_path, cell):
    with pytest.raises(DataError, match=r"'a' has 1 value that is infinite or too large, first in line 3"):
        prepare(LIN, write(tmp_path, f"a,y\n1,2\n{cell},3\n4,5\n"))


def test_suspicions_are_said(tmp_path):
    rows = "".join(f"{20 + k % 5},{k}\n" for k in range(30))
    assert "-999 in 1 row" in said(prepare(LIN, write(tmp_path, "a,y\n" + rows + "-999,4\n")))
    assert "2^53" in said(prepare(LIN, write(tmp_path, "id,y\n9007199254740993,1\n5,2\n")))
    assert prepare(LIN, write(tmp_path, "a,y\n" + rows)).warnings == []


def test_data_are_held_against_their_domain(tmp_path):
    counts = cost(
        "data x[i,j], y[i] integer >= 0\nparam w[j]\nz[i] = sum_j w[j] x[i,j]\n"
        "J = mean_i (exp(z[i]) - y[i] z[i])"
    )
    with pytest.raises(DataError, match=r"declared integer[\s\S]*2.5 in line 3"):
        prepare(counts, write(tmp_path, "a,y\n1,2\n2,2.5\n"))
    with pytest.raises(DataError, match=r">= 0[\s\S]*-1 in line 2"):
        prepare(counts, write(tmp_path, "a,y\n1,-1\n2,3\n"))


# --- how numbers are written --------------------------------------------------------------------


def table(tmp_path, text, **reading):
    return prepare(LIN, write(tmp_path, text), reading=Reading(**reading))


@pytest.mark.parametrize(
    ("text", "x", "word"),
    [
        ("a;y\n1,5;2\n0,25;3\n", [1.5, 0.25], "decimal comma"),
        ('a,y\n"1,234",2\n"5,678",3\n', [1234, 5678], "thousands"),
        ('a,y\n"1,234,567",2\n"2",3\n', [1234567, 2], "thousands"),
        ("a;b;y\n1,234;0,5;2\n2,000;1,5;3\n", [1.234, 2.0], "decimal comma"),
        ("a;b;y\n1,234;0.5;2\n2,000;1.5;3\n", [1234, 2000], "thousands"),
        ("a;y\n1.234,5;2\n2.000;3\n", [1234.5, 2000], "decimal comma"),
        ("a\ty\n1 234\t2\n5\t3\n", [1234, 5], "thousands"),
        ("a|y\n−3|2\n4|3\n", [-3, 4], "minus"),
        ("a,y\n1e3,2\n.5,3\n", [1000, 0.5], "x = a"),
        ("a y\n1 2\n3 4\n", [1, 3], "space"),
        ("\ufeffa,y\n1,2\n3,4\n", [1, 3], "byte order mark"),
        ("a,y\r1,2\r3,4\r", [1, 3], "carriage return"),
        ("a,y\r\n1,2\r\n\r\n3,4\r\n\r\n", [1, 3], "x = a"),
    ],
)
def test_ways_of_writing_numbers(tmp_path, text, x, word):
    d = table(tmp_path, text)
    assert d.arrays["x"][:, 0].tolist() == x
    assert word in said(d)


def test_a_comma_that_can_be_two_things_is_refused_with_both(tmp_path):
    text = "a;y\n1,234;2\n5,678;3\n"
    with pytest.raises(DataError, match=r"1234 \(thousands\) or 1.234[\s\S]*--decimal"):
        table(tmp_path, text)
    assert table(tmp_path, text, decimal=",").arrays["x"][0, 0] == 1.234
    assert table(tmp_path, text, decimal=".").arrays["x"][0, 0] == 1234
    assert table(tmp_path, "a;b;y\n1,234;1;2\n5,678;2;3\n", decimal=".").rows == 2


def test_a_doubtful_column_that_is_not_used_is_no_matter(tmp_path):
    d = prepare(LIN, write(tmp_path, "a;b;y\n1,234;1;2\n5,678;2;3\n"), bind={"x": "b"})
    assert d.arrays["x"].tolist() == [[1], [2]]


def test_encodings(tmp_path):
    path = write(tmp_path, "größe,y\n1,2\n3,4\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"not utf-8: line 1[\s\S]*--encoding latin-1"):
        prepare(LIN, path)
    d = prepare(LIN, path, reading=Reading(encoding="latin-1"))
    assert d.recipe.columns["x"] == ("größe",)
    with pytest.raises(UsageError, match="no encoding 'klingon'"):
        prepare(LIN, path, reading=Reading(encoding="klingon"))
    d = prepare(LIN, write(tmp_path, "a,y\n1,2\n3,4\n".encode("utf-16")))
    assert d.rows == 2


# --- files that are no tables -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "id", "reason"),
    [
        (b"", "error/data-file", "is empty"),
        (b"  \n\n", "error/data-file", "is empty"),
        (b"a,y\n", "error/data-file", "a header and no rows"),
        (b"1,2\n3,4\n", "error/data-file", "no header"),
        (
            b"a,b,y\n1,2,3\n4,5\n6,7,8\n1\n",
            "error/data-file",
            "line 3 of .* has 2 cells, the first line has 3",
        ),
        (b"a,y\n1,2\n3,\x004\n", "error/data-file", "binary"),
        (b"PK\x03\x04rest", "error/data-file", "Excel"),
        (b"\x1f\x8b\x08rest", "error/data-file", "gzip"),
        (b"PAR1rest", "error/data-file", "Parquet"),
        (b"\x93NUMPY\x01\x00", "error/data-file", "npy"),
        (b'a,y\n1,"2\n3,4\n', "error/data-file", "from line 3 on|from line 2 on"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, id, reason):
    with pytest.raises(DataError, match=reason) as caught:
        prepare(LIN, write(tmp_path, content))
    assert caught.value.id == id
    assert caught.value.fix


def test_missing_files_and_folders(tmp_path):
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(DataError) as caught:
            prepare(LIN, path)
        assert caught.value.id == "error/no-file"


def test_no_header(tmp_path):
    path = write(tmp_path, "1,2\n3,5\n")
    d = prepare(LIN, path, reading=Reading(header=False))
    assert d.arrays["x"].tolist() == [[1], [3]]
    assert d.recipe.columns == {"y": ("c2",), "x": ("c1",)}


def test_lines_are_counted_in_the_file(tmp_path):
    text = 'a,note,y\n1,"two\nlines",3\n\nx,ok,5\n'
    with pytest.raises(DataError, match="'x' in line 5"):
        prepare(LIN, write(tmp_path, text), bind={"x": "a"})


# --- scale --------------------------------------------------------------------------------------


def test_standardise(tmp_path):
    x = np.array([1e9 + 1, 1e9 + 2, 1e9 + 6])
    rows = "".join(f"{v!r},7,{k}\n" for k, v in enumerate(x.tolist()))
    d = prepare(LIN, write(tmp_path, "t,c,y\n" + rows), standardise=True)
    column = d.arrays["x"][:, 0]
    assert abs(column.mean()) < 1e-12
    assert abs((column**2).mean() - 1) < 1e-12
    assert (d.arrays["x"][:, 1] == 0).all()
    assert "'c' is constant" in said(d)
    assert d.arrays["y"].tolist() == [0, 1, 2]


# --- arrays from Python -------------------------------------------------------------------------


def test_arrays_from_python():
    x, y = np.array([[1.0, 2], [3, 5]]), [0.0, 1]
    for data in ((x, y), {"x": x, "y": y}, {"a": x[:, 0], "b": x[:, 1], "out": y}):
        d = prepare(LIN, data)
        assert np.array_equal(d.arrays["x"], x)
        assert np.array_equal(d.arrays["y"], y)
    d = prepare(LOG, ([[1.0], [2.0]], ["no", "yes"]), positive="yes")
    assert d.arrays["y"].tolist() == [0, 1]
    with pytest.raises(DataError, match="first in row 2"):
        prepare(LIN, ([[1.0], [np.nan]], [1, 2]))
    with pytest.raises(DataError, match="different lengths"):
        prepare(LIN, ([[1.0], [2.0]], [1, 2, 3]))
    with pytest.raises(DataError, match="neither"):
        prepare(LIN, [1, 2, 3])


def test_arrays_that_do_not_run_over_rows():
    text = (
        "data x[i,j], y[i], prior[j]\nparam w[j]\n"
        "J = mean_i (sum_j w[j] x[i,j] - y[i])^2 + sum_j (w[j] - prior[j])^2"
    )
    x = np.array([[1.0, 2], [3, 5]])
    d = prepare(cost(text), {"x": x, "y": [0, 1], "prior": [0.5, 0.5]})
    assert d.arrays["prior"].tolist() == [0.5, 0.5]
    with pytest.raises(DataError, match="prior does not run over the rows"):
        prepare(cost(text), {"x": x, "y": [0, 1]})


# --- the same columns again ---------------------------------------------------------------------


def test_applying_a_recipe(tmp_path):
    text = "city,a,y\nRome,1,no\nOslo,2,yes\nRome,3,yes\nBonn,4,no\n"
    d = prepare(LOG, write(tmp_path, text), categories="drop-first", standardise=True, positive="yes")
    again = apply(LOG, write(tmp_path, text), d.recipe)
    assert np.allclose(again.arrays["x"], d.arrays["x"])
    assert np.array_equal(again.arrays["y"], d.arrays["y"])
    other = apply(LOG, write(tmp_path, "a,city\n3,Oslo\n"), d.recipe)
    assert "y" not in other.arrays
    assert np.allclose(other.arrays["x"][0, :2], d.arrays["x"][1, :2])
    with pytest.raises(DataError, match=r"'Paris' in line 2[\s\S]*Bonn, Oslo, Rome"):
        apply(LOG, write(tmp_path, "a,city\n3,Paris\n"), d.recipe)
    with pytest.raises(DataError, match="no column 'city'"):
        apply(LOG, write(tmp_path, "a,town\n3,Oslo\n"), d.recipe)


def test_missing_values_are_filled_with_the_mean_of_the_fit(tmp_path):
    d = prepare(LIN, write(tmp_path, "a,y\n1,2\n,3\n3,5\n"), missing="mean")
    again = apply(LIN, write(tmp_path, "a\n\n?\n10\n"), d.recipe)
    assert again.arrays["x"][:, 0].tolist() == [2, 10]
    d = prepare(LIN, write(tmp_path, "a,y\n1,2\n3,5\n"))
    with pytest.raises(DataError, match="no mean for these columns"):
        apply(LIN, write(tmp_path, "a\n?\n10\n"), d.recipe)


# --- nothing but our own errors -----------------------------------------------------------------


def test_mutilated_files_are_read_or_refused(tmp_path, seed):
    rng = np.random.default_rng(seed)
    whole = (DATA / "course-lab.csv").read_bytes()
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(rng.integers(1, 6)):
            place = int(rng.integers(0, len(broken)))
            broken[place : place + int(rng.integers(0, 3))] = rng.choice(
                [b",", b"\n", b'"', b";", b"x", b"\xff", b"\x00", b" ", b"1e400", b"", b"NA"]
            )
        with contextlib.suppress(WhygradError):
            d = prepare(LOG, write(tmp_path, bytes(broken)))
            assert np.isfinite(d.arrays["x"]).all()
            assert set(d.arrays["y"]) <= {0, 1}


def test_the_samples_are_read():
    d = prepare(LOG, DATA / "course-lab.csv")
    assert d.arrays["x"].shape == (6, 2)
    assert d.arrays["y"].tolist() == [0, 0, 0, 1, 1, 1]
    d = prepare(LOG, DATA / "breast-cancer.csv")
    assert d.arrays["x"].shape == (569, 30)
    assert d.arrays["y"].sum() == 357
    assert read_table(DATA / "breast-cancer.csv").names[0] == "mean radius"

"""Every way to give a table gives the fit that the CSV of the same table gives."""

import os

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from pyarrow import feather, parquet

from whygrad.core.errors import DataError
from whygrad.train import columnar
from whygrad.train.fit import fit
from whygrad.train.predict import predict

from .files import LOGISTIC, cost

M = 300


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "whygrad" / "data"


@pytest.fixture
def columns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(M, 3))
    y = (rng.random(M) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    return {"age": x[:, 0], "bmi": x[:, 1], "dose": x[:, 2], "sick": y}


def written(kind, columns, folder):
    path = folder / f"table.{kind}"
    table = pyarrow.table(columns)
    match kind:
        case "csv":
            pandas.DataFrame(columns).to_csv(path, index=False)
        case "parquet":
            parquet.write_table(table, path, row_group_size=70)
        case "arrow":
            feather.write_feather(table, path, compression="uncompressed", chunksize=70)
        case "npy":
            np.save(path, np.stack(list(columns.values()), axis=1))
        case "records.npy":
            kinds = [(name, "f8") for name in columns]
            np.save(path, np.array(list(zip(*columns.values(), strict=True)), dtype=kinds))
    return path


def same(found, wanted):
    assert found.converged
    assert np.allclose(found.parameters["w"], wanted.parameters["w"], rtol=1e-4, atol=1e-5)
    assert np.isclose(found.objective, wanted.objective, rtol=1e-9)


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("kind", ["parquet", "arrow", "npy", "records.npy"])
def test_files(kind, size, columns, tmp_path, monkeypatch):
    wanted = fit(cost(LOGISTIC), written("csv", columns, tmp_path))
    if size == "large":
        monkeypatch.setattr("whygrad.train.data.LARGE", 10)
        monkeypatch.setattr(columnar, "BATCH_ENTRIES", 64)
    path = written(kind, columns, tmp_path)
    found = fit(cost(LOGISTIC), path)
    same(found, wanted)
    if kind != "npy":
        assert found.columns["x"] == ("age", "bmi", "dose")
    found.save(tmp_path / "m.json")
    assert np.isclose(predict(tmp_path / "m.json", path).accuracy, found.accuracy)


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_tables_of_other_libraries(make, columns, tmp_path):
    wanted = fit(cost(LOGISTIC), written("csv", columns, tmp_path))
    same(fit(cost(LOGISTIC), make(columns)), wanted)
    same(fit(cost(LOGISTIC), make(columns), target="sick", bind={"x": "age,bmi,dose"}), wanted)


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_text_and_gaps_are_said(make, columns):
    age = [None, *columns["age"][1:].tolist()]
    with pytest.raises(DataError, match="age"):
        fit(cost(LOGISTIC), make({**columns, "age": age}))
    kept = fit(cost(LOGISTIC), make({**columns, "age": age}), missing="drop")
    assert kept.rows == M - 1
    with pytest.raises(DataError, match="dose"):
        fit(cost(LOGISTIC), make({**columns, "dose": ["low", "high"] * (M // 2)}))


def test_a_file_is_converted_once_and_again_when_it_changes(columns, tmp_path, monkeypatch, cache):
    monkeypatch.setattr("whygrad.train.data.LARGE", 10)
    path = written("parquet", columns, tmp_path)
    fit(cost(LOGISTIC), path)
    (folder,) = cache.iterdir()
    before = (folder / "0.npy").stat().st_mtime_ns
    fit(cost(LOGISTIC), path)
    assert [p.name for p in cache.iterdir()] == [folder.name]
    assert (folder / "0.npy").stat().st_mtime_ns == before
    changed = fit(cost(LOGISTIC), written("parquet", {**columns, "age": -columns["age"]}, tmp_path))
    assert changed.parameters["w"][0] < 0


def test_no_room_is_said_before_anything_is_written(columns, tmp_path, monkeypatch, cache):
    monkeypatch.setattr("whygrad.train.data.LARGE", 10)
    monkeypatch.setattr(columnar, "ROOM", 1 << 62)
    with pytest.raises(DataError, match="free"):
        fit(cost(LOGISTIC), written("parquet", columns, tmp_path))
    assert not list(cache.iterdir())


@pytest.mark.parametrize("kind", ["parquet", "arrow", "npy"])
def test_damaged_files_are_refused(kind, columns, tmp_path):
    path = written(kind, columns, tmp_path)
    whole = path.read_bytes()
    for kept in (8, 40, len(whole) // 2):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError):
            fit(cost(LOGISTIC), path)


def test_nothing_is_unpickled(tmp_path):
    class Bad:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    np.save(tmp_path / "d.npy", np.array([[Bad(), 1]], dtype=object))
    with pytest.raises(DataError):
        fit(cost(LOGISTIC), tmp_path / "d.npy")
    assert not (tmp_path / "made").exists()


def test_a_memory_map_is_read_in_place(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30_000, 5))
    y = (rng.random(30_000) < 1 / (1 + np.exp(-x[:, 0]))) * 1.0
    np.save(tmp_path / "x.npy", x)
    held = np.load(tmp_path / "x.npy", mmap_mode="r")
    found = fit(cost(LOGISTIC), (held, y))
    assert found.dataset.arrays["x"] is held
    same(found, fit(cost(LOGISTIC), (x, y)))


def test_without_pyarrow_the_way_out_is_said(columns, tmp_path, monkeypatch):
    path = written("parquet", columns, tmp_path)

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(columnar.importlib, "import_module", missing)
    with pytest.raises(DataError, match="pyarrow") as caught:
        fit(cost(LOGISTIC), path)
    assert "whygrad[data]" in str(caught.value.fix)

import gzip
import importlib
import sys

import pytest

from fireworks_async.batch import _compressed
from fireworks_async.batch._compressed import (
    compressing,
    decompressing,
    is_compressed,
)
from fireworks_async.errors import BatchError

TEXT = b"a line\n" * 1000


def written(path, data=TEXT):
    with path.open("wb") as file, compressing(file, path) as plain:
        plain.write(data)


def read(path):
    with path.open("rb") as file, decompressing(file, path) as plain:
        return plain.read()


@pytest.fixture(params=["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "A.JSONL.GZ"])
def path(request, tmp_path):
    if request.param.endswith("zst"):
        pytest.importorskip("backports.zstd")
    return tmp_path / request.param


def test_what_was_written_is_read(path):
    written(path)
    assert read(path) == TEXT
    assert is_compressed(path) == (path.stat().st_size < 1000)


def test_several_in_one_file_are_one(path):
    written(path)
    path.write_bytes(2 * path.read_bytes())
    assert read(path) == 2 * TEXT


@pytest.mark.parametrize("name", ["a.gz", "a.zst"])
@pytest.mark.parametrize("harm", [lambda data: data[:-9], lambda data: b"no" + data])
def test_what_is_not_what_its_name_says_is_told(tmp_path, name, harm):
    path = tmp_path / name
    written(path)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(BatchError, match=f"{name}: cannot be read"):
        read(path)


def test_gzip_is_what_others_read(tmp_path):
    written(tmp_path / "a.gz")
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == TEXT


def test_zstd_is_what_others_read(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    written(tmp_path / "a.zst")
    with zstandard.open(tmp_path / "a.zst", "rb") as file:
        assert file.read() == TEXT
    (tmp_path / "b.zst").write_bytes(zstandard.compress(TEXT))
    assert read(tmp_path / "b.zst") == TEXT


def test_the_library_is_pythons_own_where_it_has_one(tmp_path, monkeypatch):
    loaded = []

    def load(name):
        loaded.append(name)
        return gzip

    monkeypatch.setattr(importlib, "import_module", load)
    written(tmp_path / "a.zst")
    assert loaded == ["compression.zstd"]


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BatchError, match=r"pip install 'fireworks-async\[speed\]'"):
        written(tmp_path / "a.zst")
    assert _compressed.is_compressed("a.zst")

import pytest

from fireworks_async._policy.catalogue import Prices
from fireworks_async.batch._options import BatchOptions, Job
from fireworks_async.batch._selection import Shard


def test_every_option_has_its_place():
    assert set(BatchOptions.__optional_keys__) == set(Job.__struct_fields__)


def test_options_are_brought_to_their_form():
    job = Job.of({"retry": ["stall"], "shard": (1, 2)}, function="f")
    assert job.retry.picks("stall", None)
    assert job.shard == Shard(1, 2)
    assert (job.id_column, job.drain, job.concurrency) == ("custom_id", 60.0, None)


def test_an_unknown_option_names_the_nearest():
    with pytest.raises(TypeError, match=r"f\(\).*did you mean 'dedupe'"):
        Job.of({"dedup": True}, function="f")


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"concurrency": 0}, ValueError, "at least 1"),
        ({"concurrency": 1.5}, TypeError, "expected an int"),
        ({"max_retries": -1}, ValueError, "at least 0"),
        ({"rpm": 0}, ValueError, "rpm: expected more than 0"),
        ({"rpm": -1}, ValueError, "rpm: expected more than 0"),
        ({"tpm": float("inf")}, ValueError, "tpm: expected more than 0, and finite"),
        ({"tpm": "5"}, TypeError, "tpm: expected a number, not str"),
        ({"max_cost": -1}, ValueError, "max_cost: expected at least 0"),
        ({"prices": Prices(1.0, -2.0)}, ValueError, "prices: expected at least 0"),
        ({"prices": Prices(float("nan"), 1.0)}, ValueError, "prices: .* and finite"),
        ({"drain": True}, TypeError, "drain: expected a number, not bool"),
        ({"retry": ["x"]}, ValueError, "is no status"),
        ({"shard": (3, 2)}, ValueError, "K/N"),
        ({"prompt": "{"}, ValueError, "expected|Single"),
        ({"system": "Be brief."}, ValueError, "system: goes with prompt"),
        ({"endpoint": "/v1/files"}, ValueError, "expected one of"),
        ({"params": {"temprature": 1}}, TypeError, "did you mean 'temperature'"),
        ({"params": {"extra_headers": {}}}, TypeError, "'extra_headers'"),
    ],
)
def test_what_cannot_be_used_is_refused(options, kind, said):
    with pytest.raises(kind, match=said):
        Job.of(options, function="f")

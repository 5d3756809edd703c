from fireworks_async.cli._loadtest_reports import OutputOptions


def test_what_a_run_is_held_to():
    output = OutputOptions(goodput="ttft<1s", find_max="errors=0", no_calibration=True)
    assert output.options() == {
        "goodput": "ttft<1s",
        "find_max": "errors=0",
        "calibrate": False,
    }

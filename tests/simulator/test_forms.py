import pytest

from fireworks_async.simulator._forms import form_fields

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nG\xc3\xb6\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="f.wav"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\r\n\xff\r\n--x--\r\n"
)


def test_texts_and_files_are_told_apart():
    fields = form_fields(FORM, "multipart/form-data; boundary=x")
    assert fields == {"a": "Gö", "file": b"\x00\r\n\xff"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (FORM, "multipart/mixed; boundary=x"),
        (FORM, "multipart/form-data"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\nnameless\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_what_is_no_form(body, kind):
    assert form_fields(body, kind) is None

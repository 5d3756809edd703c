"""The body of ``multipart/form-data``, read into its fields; nothing is judged here."""

from email.parser import BytesParser
from email.policy import HTTP

__all__ = ("form_fields",)


def form_fields(body: bytes, content_type: str) -> dict[str, str | bytes] | None:
    """Read a form; a field that came as a file is bytes.

    Args:
        body: The body.
        content_type: The request's header.

    Returns:
        The fields, or None when it is no such form.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + body)
    if form.get_content_type() != "multipart/form-data" or not form.is_multipart():
        return None
    fields: dict[str, str | bytes] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(data, bytes):
            return None
        is_file = part.get_filename() is not None
        fields[name] = data if is_file else data.decode(errors="replace")
    return fields

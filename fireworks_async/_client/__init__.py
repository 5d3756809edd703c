"""One logical call: admitted, sent, refused, tried again, streaming, done."""

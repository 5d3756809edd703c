"""What the bytes mean: bytes in, values out; no await, no clock, no socket."""

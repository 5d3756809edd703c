"""``python -m fireworks_async`` is ``fireworks-async``."""

from fireworks_async.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

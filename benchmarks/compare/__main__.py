"""``python -m benchmarks.compare``."""

from benchmarks.compare.run import main

main()

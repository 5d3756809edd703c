"""The process of ``llama_server``: serves a model until standard input ends.

It prints its address, one line, once it listens. The server cannot outlive whoever
holds the other end of its standard input.
"""

import argparse
import sys

import xllamacpp


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--alias", required=True)
    parser.add_argument("--slots", type=int, required=True)
    arguments = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path = arguments.model
    params.model_alias = {arguments.alias}
    params.hostnames, params.port = ["127.0.0.1"], 0
    # The context is shared out among the slots; an answer may take seconds.
    params.n_parallel, params.n_ctx = arguments.slots, 32_768 * arguments.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = max(8, arguments.slots + 4)
    params.warmup, params.offline, params.use_jinja = False, True, True
    params.endpoint_slots = True
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    _main()

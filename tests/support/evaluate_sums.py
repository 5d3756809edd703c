"""Runs EleutherAI's evaluation harness against an endpoint: a program of its own.

Called with the URL, the model and a directory with ``sums.jsonl``; prints the scores.
"""

import json
import sys
from pathlib import Path

from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

_TASK = {
    "task": "sums",
    "dataset_path": "json",
    "test_split": "test",
    "output_type": "generate_until",
    "doc_to_text": "{{question}}",
    "doc_to_target": "{{answer}}",
    "generation_kwargs": {"until": [], "max_gen_toks": 64},
    "metric_list": [
        {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}
    ],
}


def main(url, model, directory):
    rows = str(Path(directory) / "sums.jsonl")
    task = {**_TASK, "dataset_kwargs": {"data_files": {"test": rows}}}
    found = simple_evaluate(
        model="local-chat-completions",
        model_args={"model": model, "base_url": url, "num_concurrent": 2},
        tasks=[task],
        # Of its own tasks there are thousands, which take long to look through.
        task_manager=TaskManager(include_defaults=False),
        apply_chat_template=True,
    )
    sys.stdout.write(json.dumps(found["results"]["sums"]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

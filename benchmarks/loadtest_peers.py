"""Load testers by others, as commands, beside ours; for ``bench_loadtest``.

Each takes the same prompts in its own form and leaves its own figures, of which those
that mean the same are given under one name. Run as a module, this is one of them: the
loop around the OpenAI SDK that people write themselves.
"""

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

TOKENS = 32
WORDS = ["the", "and", "for", "are", "but", "not", "you", "all", "any", "can", "had"]
MS = 1000.0


@dataclass(frozen=True)
class Target:
    """What is measured: where it is, and the prompts that are in a folder."""

    url: str
    model: str
    folder: Path
    concurrency: int

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/v1")

    def prompts(self, tool: str) -> str:
        return str(self.folder / f"{tool}.jsonl")

    def out(self, tool: str) -> Path:
        return self.folder / f"{tool}.out"


def write_prompts(folder: Path, count: int) -> None:
    """The same prompts in the form of each tool, and a tokenizer of their words."""
    dice = random.Random(1)
    texts = [" ".join(dice.choices(WORDS, k=20)) for _ in range(count)]
    forms = {
        "ours": lambda text: {
            "prompt": text,
            "max_tokens": TOKENS,
            "ignore_eos": True,
        },
        "aiperf": lambda text: {"text": text},
        "others": lambda text: {"prompt": text, "output_tokens_count": TOKENS},
    }
    for name, form in forms.items():
        lines = [json.dumps(form(text)) + "\n" for text in texts]
        (folder / f"{name}.jsonl").write_text("".join(lines))
    words = ["[UNK]", "</s>", *WORDS]
    model = {
        "type": "WordLevel",
        "vocab": {word: number for number, word in enumerate(words)},
        "unk_token": "[UNK]",
    }
    parts = ("truncation", "padding", "normalizer", "post_processor", "decoder")
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": model,
        **dict.fromkeys(parts),
    }
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "[UNK]",
        "bos_token": "</s>",
        "eos_token": "</s>",
    }
    # As the cache of the hub has it: AIPerf takes a name only.
    repository = folder / "hub" / "models--words--tokenizer"
    home = repository / "snapshots" / "1"
    home.mkdir(parents=True, exist_ok=True)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text("1")
    (folder / "tokenizer").symlink_to(home)
    (home / "tokenizer.json").write_text(json.dumps(tokenizer))
    (home / "tokenizer_config.json").write_text(json.dumps(config))
    (home / "config.json").write_text("{}")


def cpu_of(command: Sequence[str], folder: Path) -> float:
    """Run a command, and give the processor seconds of it and all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        command,
        check=False,
        capture_output=True,
        env={
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(folder),
            "OPENAI_API_KEY": "fw_test",
        },
        timeout=1_200,
    )
    if ran.returncode:
        for said in (ran.stdout, ran.stderr):
            sys.stderr.write(said.decode(errors="replace")[-4_000:])
        raise SystemExit(f"{command[0]} ended with {ran.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Ours:
    """This load test, as its command."""

    name = "ours"

    def command(self, target, requests):
        return [
            *(sys.executable, "-m", "fireworks_async", "loadtest", "--no-calibration"),
            *("--base-url", target.url, "--api-key", "fw_test"),
            *("--model", target.model, "--dataset", target.prompts("ours")),
            *("--requests", str(requests), "--concurrency", str(target.concurrency)),
            *("--export", f"aiperf={target.out(self.name)}", "--assert", "requests>0"),
            *("--export", f"vllm={target.folder / 'vllm'}"),
        ]

    def figures(self, target):
        [aiperf] = json.loads(target.out(self.name).read_text())
        [vllm] = json.loads((target.folder / "vllm").read_text())
        return {**_of_aiperf(aiperf), "by_vllm": _of_vllm(vllm)}


class AIPerf:
    """NVIDIA's."""

    name = "aiperf"

    def __init__(self, environment):
        self._command = str(environment / "bin" / "aiperf")

    def command(self, target, requests):
        return [
            *(self._command, "profile", "-m", target.model, "-u", target.url),
            *("--endpoint-type", "chat", "--concurrency", str(target.concurrency)),
            *("--request-count", str(requests), "--streaming"),
            *("--input-file", target.prompts("aiperf")),
            *("--custom-dataset-type", "single_turn", "--use-server-token-count"),
            *("--extra-inputs", f"max_tokens:{TOKENS}"),
            *("--extra-inputs", "ignore_eos:true", "--tokenizer", "words/tokenizer"),
            *("--ui", "none", "--artifact-dir", str(target.out(self.name))),
            *("--api-key", "fw_test", "--no-gpu-telemetry", "--no-server-metrics"),
        ]

    def figures(self, target):
        found = (target.out(self.name) / "profile_export_aiperf.json").read_text()
        return _of_aiperf(json.loads(found))


class GuideLLM:
    """The vLLM project's other one."""

    name = "guidellm"

    def __init__(self, environment):
        self._command = str(environment / "bin" / "guidellm")

    def command(self, target, requests):
        backend = {
            "kind": "openai_http",
            "target": target.origin,
            "model": target.model,
            "api_key": "fw_test",
            # It asks for /health first, which is no part of the API.
            "validate_backend": False,
            "request_format": "/v1/chat/completions",
            # It asks for usage on every chunk by a field that not every server takes.
            "extras": {"body": {"stream_options": {"continuous_usage_stats": None}}},
        }
        data = f"kind=json_file,path={target.prompts('others')}"
        return [
            *(self._command, "run", "--disable-progress"),
            *("--backend", json.dumps(backend)),
            *("--profile", f"kind=concurrent,streams={target.concurrency}"),
            *("--constraint", f"kind=max_requests,count={requests}", "--data", data),
            *("--tokenizer", f"kind=hf_auto,model={target.folder / 'tokenizer'}"),
            *("--output", f"kind=json,path={target.out(self.name)}.json"),
        ]

    def figures(self, target):
        document = json.loads(Path(f"{target.out(self.name)}.json").read_text())
        found = document["benchmarks"][0]["metrics"]
        ttft, itl, tokens = (
            found[name]["successful"]
            for name in (
                "time_to_first_token_ms",
                # One value a request, without the first token: others' TPOT.
                "inter_token_latency_ms",
                "output_tokens_per_second",
            )
        )
        return {
            "ttft_p50": ttft["median"],
            "ttft_p95": ttft["percentiles"]["p95"],
            "tpot_p50": itl["median"],
            "tokens_per_second": tokens["mean"],
            "failed": found["request_totals"]["errored"],
        }


class VLLM:
    """``vllm bench serve``, of which only the client is used."""

    name = "vllm"

    def __init__(self, environment):
        self._command = str(environment / "bin" / "vllm")

    def command(self, target, requests):
        return [
            *(self._command, "bench", "serve", "--backend", "openai-chat"),
            *("--base-url", target.origin, "--endpoint", "/v1/chat/completions"),
            *("--model", target.model, "--dataset-name", "custom"),
            *("--dataset-path", target.prompts("others")),
            *("--custom-output-len", str(TOKENS), "--num-prompts", str(requests)),
            *("--max-concurrency", str(target.concurrency), "--ignore-eos"),
            *("--tokenizer", str(target.folder / "tokenizer"), "--skip-chat-template"),
            *("--disable-shuffle", "--disable-tqdm", "--save-result"),
            *("--percentile-metrics", "ttft,tpot,itl,e2el"),
            *("--metric-percentiles", "50,95", "--result-dir", str(target.folder)),
            *("--result-filename", target.out(self.name).name),
        ]

    def figures(self, target):
        return _of_vllm(json.loads(target.out(self.name).read_text()))


class OpenAILoop:
    """A semaphore around the OpenAI SDK."""

    name = "openai"

    def command(self, target, requests):
        return [
            *(sys.executable, "-m", "benchmarks.loadtest_peers", target.url),
            *(target.model, target.prompts("others"), str(requests)),
            *(str(target.concurrency), str(target.out(self.name))),
        ]

    def figures(self, target):
        return json.loads(target.out(self.name).read_text())


def _of_aiperf(found):
    return {
        "ttft_p50": found["time_to_first_token"]["p50"],
        "ttft_p95": found["time_to_first_token"]["p95"],
        "tpot_p50": found["inter_token_latency"]["p50"],
        "tokens_per_second": found["output_token_throughput"]["avg"],
        "failed": (found.get("error_request_count") or {"avg": 0})["avg"],
    }


def _of_vllm(found):
    return {
        "ttft_p50": found["p50_ttft_ms"],
        "ttft_p95": found["p95_ttft_ms"],
        "tpot_p50": found["p50_tpot_ms"],
        "itl_p50": found["p50_itl_ms"],
        "e2el_p50": found["p50_e2el_ms"],
        "tokens_per_second": found["output_throughput"],
        "failed": found["failed"],
    }


async def _loop(url, model, texts, requests, concurrency):
    from openai import AsyncOpenAI, OpenAIError

    places = asyncio.Semaphore(concurrency)
    firsts, paces, tokens, failed = [], [], [], []
    client = AsyncOpenAI(base_url=url, api_key="fw_test", max_retries=0)

    async def ask(number):
        async with places:
            begun = last = time.perf_counter()
            first, usage = None, None
            try:
                stream = await client.chat.completions.create(
                    model=model,
                    messages=[{"role": "user", "content": texts[number % len(texts)]}],
                    max_tokens=TOKENS,
                    stream=True,
                    stream_options={"include_usage": True},
                    extra_body={"ignore_eos": True},
                )
                async for chunk in stream:
                    if chunk.choices and chunk.choices[0].delta.content:
                        last = time.perf_counter()
                        first = first or last
                    usage = chunk.usage or usage
            except OpenAIError as error:
                failed.append(str(error))
                return
            firsts.append((first or last) - begun)
            tokens.append(usage.completion_tokens)
            if first is not None and tokens[-1] > 1:
                paces.append((last - first) / (tokens[-1] - 1))

    begun = time.perf_counter()
    async with client:
        await asyncio.gather(*(ask(number) for number in range(requests)))
    seconds = time.perf_counter() - begun
    return {
        "ttft_p50": median(firsts) * MS,
        "ttft_p95": sorted(firsts)[int(0.95 * len(firsts))] * MS,
        "tpot_p50": median(paces) * MS,
        "tokens_per_second": sum(tokens) / seconds,
        "failed": len(failed),
    }


if __name__ == "__main__":
    url, model, prompts, requests, concurrency, out = sys.argv[1:]
    lines = Path(prompts).read_text().splitlines()
    texts = [json.loads(line)["prompt"] for line in lines]
    found = asyncio.run(_loop(url, model, texts, int(requests), int(concurrency)))
    Path(out).write_text(json.dumps(found))

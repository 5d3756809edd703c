import ast
from pathlib import Path

import fireworks_async._protocol.params as params_module
from fireworks_async._protocol.params import ChatParams, GenerationParams

# The request fields of POST /chat/completions, by who says that they are accepted.
TYPED_BY_THE_OFFICIAL_CLIENT = """
    max_tokens max_completion_tokens n temperature top_p top_k min_p typical_p
    frequency_penalty presence_penalty repetition_penalty mirostat_target mirostat_lr
    logit_bias seed stop ignore_eos echo echo_last logprobs top_logprobs
    return_token_ids raw_output perf_metrics_in_response response_format tools
    tool_choice parallel_tool_calls functions function_call prediction speculation
    reasoning_effort reasoning_history thinking user prompt_cache_key
    prompt_cache_isolation_key prompt_truncate_len context_length_exceeded_behavior
    safe_tokenization metadata service_tier
"""
ACCEPTED_BY_OTHER_EVIDENCE = """
    stream_options min_tokens rewrite_speculation prompt_cache_max_len
    include_routing_matrix routing_matrix_format top_sampling_logprobs
    top_sampling_format sampling_mask prompt_token_ids forced_generation
    acceptance_probs_override
"""
CHAT_ONLY = """
    tools tool_choice functions function_call parallel_tool_calls prompt_truncate_len
    safe_tokenization
"""


def test_chat_has_every_field_of_the_api_and_no_other():
    fields = {
        *TYPED_BY_THE_OFFICIAL_CLIENT.split(),
        *ACCEPTED_BY_OTHER_EVIDENCE.split(),
    }
    assert ChatParams.__optional_keys__ == fields
    assert not ChatParams.__required_keys__


def test_text_completions_share_all_but_tools_and_chat_templates():
    chat_only = ChatParams.__optional_keys__ - GenerationParams.__optional_keys__
    assert chat_only == set(CHAT_ONLY.split())


def test_every_field_has_a_line_of_documentation():
    tree = ast.parse(Path(params_module.__file__).read_text(encoding="utf-8"))
    documented = set()
    for params in tree.body:
        if isinstance(params, ast.ClassDef):
            for field, after in zip(params.body, params.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
                    documented.add(field.target.id)
    assert documented >= ChatParams.__optional_keys__

"""The und expert is a Qwen3 decoder; SDPA is an explicit softmax."""

import torch
from oracles.plain_bagel import softmax_mix
from oracles.random_weights import noise, random_model
from torch import nn
from transformers import Qwen3Config, Qwen3ForCausalLM

from omnipersona.model.bagel.checkpoint.key_map import published
from omnipersona.model.bagel.config import tiny
from omnipersona.model.bagel.sequence import Markers, Sample, TextSegment, pack
from omnipersona.model.bagel.transformer import Decoder, attend

MARKERS = Markers(1, 2)


def _qwen(decoder: Decoder) -> nn.Module:
    """Return transformers' model of the same weights: Qwen2 with q/k norms is Qwen3 with biases."""
    ours = decoder.config
    config = Qwen3Config(
        vocab_size=ours.vocab_size,
        hidden_size=ours.hidden_size,
        intermediate_size=ours.intermediate_size,
        num_hidden_layers=ours.num_hidden_layers,
        num_attention_heads=ours.num_attention_heads,
        num_key_value_heads=ours.num_key_value_heads,
        head_dim=ours.head_dim,
        rms_norm_eps=ours.rms_norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": ours.rope_theta},
        attention_bias=True,
        tie_word_embeddings=False,
    )
    qwen = Qwen3ForCausalLM(config)
    qwen.train(mode=False)
    weights = {}
    for key, value in decoder.state_dict().items():
        name = published(f"decoder.{key}")
        if "_moe_gen" not in name:
            weights[name.removeprefix("language_model.")] = value
    missing, unexpected = qwen.load_state_dict(weights, strict=False)
    assert unexpected == []
    assert all(key.endswith("o_proj.bias") for key in missing)
    with torch.no_grad():
        for layer in qwen.model.layers:
            layer.self_attn.o_proj.bias.zero_()
    return qwen


@torch.no_grad()
def test_the_und_expert_is_transformers_qwen() -> None:
    net = random_model(tiny(), seed=3)
    ids = torch.randint(0, 300, (21,), generator=torch.Generator().manual_seed(1)).tolist()
    packed = pack([Sample(segments=(TextSegment(ids=ids),))], MARKERS)
    ours = net.decoder.lm_head(net.run(packed).und_UD)
    theirs = _qwen(net.decoder)(torch.tensor([ids])).logits[0]
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-5)


def test_sdpa_is_an_explicit_softmax_over_what_the_mask_allows() -> None:
    q, k, v = noise(1, 2, 5, 4, 8), noise(2, 2, 7, 2, 8), noise(3, 2, 7, 2, 8)
    mask = noise(4, 2, 1, 5, 7) > -0.3
    mask[..., 0] = True
    mixed = attend(q, k, v, mask).unflatten(-1, (4, 8))
    for b in range(2):
        for t in range(5):
            for head in range(4):
                seen = mask[b, 0, t]
                scores = k[b, seen, head // 2] @ q[b, t, head] / 8**0.5
                expected = softmax_mix(scores, v[b, seen, head // 2])
                torch.testing.assert_close(mixed[b, t, head], expected, atol=1e-5, rtol=1e-5)

"""Adapters change the generation expert while they are on, and nothing else, ever."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from omnipersona.model.bagel.omni import OmniModel
from omnipersona.model.concepts.lora import LoraAdapters
from omnipersona.model.errors import ConceptError


@pytest.fixture
def adapters(net: OmniModel) -> LoraAdapters:
    return LoraAdapters(net.decoder)


@pytest.fixture
def gen_rows(net: OmniModel) -> Tensor:
    return torch.randn(3, net.config.text.hidden_size)


def projected(net: OmniModel, rows: Tensor, expert: str = "gen") -> Tensor:
    q, _, _ = net.decoder.layers[0].get_submodule(expert).project(rows)  # type: ignore[operator]
    found: Tensor = q
    return found


def drawn(adapters: LoraAdapters, name: str, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = adapters.tensors(name)
    return {k: torch.randn(v.shape, generator=generator) for k, v in shapes.items()}


def test_a_fresh_adapter_changes_nothing(
    net: OmniModel, adapters: LoraAdapters, gen_rows: Tensor
) -> None:
    before = projected(net, gen_rows)
    name = adapters.add(2)
    with adapters.on([name]):
        torch.testing.assert_close(projected(net, gen_rows), before)


def test_an_adapter_acts_on_one_expert_while_it_is_on(
    net: OmniModel, adapters: LoraAdapters, gen_rows: Tensor
) -> None:
    before = {expert: projected(net, gen_rows, expert) for expert in ("und", "gen")}
    name = adapters.put(drawn(adapters, adapters.add(2), 1))
    with adapters.on([name]):
        assert not torch.allclose(projected(net, gen_rows), before["gen"])
        assert torch.equal(projected(net, gen_rows, "und"), before["und"])
    assert torch.equal(projected(net, gen_rows), before["gen"])
    adapters.remove(name)
    assert torch.equal(projected(net, gen_rows), before["gen"])


def test_without_adapters_the_decoder_is_as_it_was(net: OmniModel, adapters: LoraAdapters) -> None:
    before = {key: value.clone() for key, value in net.state_dict().items()}
    names = [adapters.add(2), adapters.add(4)]
    for name in names:
        adapters.remove(name)
    after = net.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_an_adapter_survives_its_matrices(adapters: LoraAdapters) -> None:
    matrices = drawn(adapters, adapters.add(3), 2)
    found = adapters.tensors(adapters.put(matrices))
    assert found.keys() == matrices.keys()
    for key, value in matrices.items():
        assert torch.equal(found[key], value)


def test_others_run_between_two_steps_without_it(
    net: OmniModel, adapters: LoraAdapters, gen_rows: Tensor
) -> None:
    before = projected(net, gen_rows)
    name = adapters.put(drawn(adapters, adapters.add(2), 3))

    def steps() -> Iterator[Tensor]:
        for _ in range(2):
            yield projected(net, gen_rows)

    for step in adapters.while_stepping([name], steps()):
        assert not torch.allclose(step, before)
        assert torch.equal(projected(net, gen_rows), before)


def test_only_its_own_matrices_are_trained(net: OmniModel, adapters: LoraAdapters) -> None:
    first, second = adapters.add(2), adapters.add(2)
    mine = adapters.parameters(first)
    assert len(mine) == len(adapters.tensors(first)) > 0
    assert not {id(p) for p in mine} & {id(p) for p in adapters.parameters(second)}
    assert all(isinstance(one, nn.Parameter) for one in mine)


@pytest.mark.parametrize("change", ["rank", "missing", "shape"])
def test_foreign_matrices_are_refused_and_leave_nothing(
    net: OmniModel, adapters: LoraAdapters, gen_rows: Tensor, change: str
) -> None:
    before = projected(net, gen_rows)
    matrices = drawn(adapters, adapters.add(2), 4)
    key = next(iter(matrices))
    if change == "rank":
        matrices = {}
    elif change == "missing":
        del matrices[key]
    else:
        matrices[key] = torch.zeros(2, 3)
    with pytest.raises(ConceptError, match="Learn the concept again"):
        adapters.put(matrices)
    assert torch.equal(projected(net, gen_rows), before)

"""Low-rank adapters on the generation expert, one per concept, on top of its tokens.

Slower to learn than tokens and far larger; off unless a request switches them on. Knows peft and
the decoder's projections. Does not know files, requests or training.
Source: Hu et al. 2021, "LoRA", arXiv:2106.09685.
"""

# r rank, I inputs and O outputs of a projection

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Final, TypeVar

from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from omnipersona.model.errors import ConceptError

_TARGETS: Final = r".*\.gen\.(q_proj|k_proj|v_proj|o_proj)"
_MAX_RANK: Final = 64

T = TypeVar("T")


class LoraAdapters:
    """Holds adapters for one decoder; without one switched on, the decoder computes as before.

    Args:
        decoder: Its projections are wrapped while there are adapters.
    """

    def __init__(self, decoder: nn.Module) -> None:
        self._decoder = decoder
        # peft finds an adapter's matrices by substring, so no name may hold another.
        self._names = map("[{}]".format, count())

    def add(self, rank: int) -> str:
        """Add a fresh adapter, which changes nothing yet, and return its name."""
        name = next(self._names)
        # The scale is alpha over rank: 1, so that a file needs to say neither.
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules=_TARGETS)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Already found a `peft_config`")
            inject_adapter_in_model(config, self._decoder, adapter_name=name)
        self._switch(())
        return name

    def put(self, tensors: Mapping[str, Tensor]) -> str:
        """Add an adapter that `tensors` described, and return its name.

        Raises:
            ConceptError: The tensors do not fit this decoder's projections.
        """
        rank = next((t.shape[0] for name, t in tensors.items() if ".lora_A." in name), 0)
        if not 1 <= rank <= _MAX_RANK:
            raise ConceptError(
                f"The concept's adapter has rank {rank}; it must be from 1 to {_MAX_RANK}. "
                "Learn the concept again."
            )
        name = self.add(rank)
        mine = self.tensors(name)
        if {k: v.shape for k, v in mine.items()} != {k: v.shape for k, v in tensors.items()}:
            self.remove(name)
            raise ConceptError(
                "The concept's adapter does not fit this model's generation expert. "
                "Learn the concept again with this model."
            )
        for key, value in mine.items():
            value.data.copy_(tensors[key])
        return name

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Return an adapter's matrices by module: lora_A (r, I) and lora_B (O, r)."""
        found: dict[str, Tensor] = get_peft_model_state_dict(
            self._decoder, adapter_name=name, save_embedding_layers=False
        )
        return found

    def parameters(self, name: str) -> list[nn.Parameter]:
        """Return an adapter's matrices for training."""
        return [
            matrix
            for key, matrix in self._decoder.named_parameters()
            if key.endswith((f".lora_A.{name}.weight", f".lora_B.{name}.weight"))
        ]

    def remove(self, name: str) -> None:
        """Forget an adapter."""
        for layer in self._layers():
            layer.delete_adapter(name)
        configs: dict[str, LoraConfig] = self._decoder.peft_config  # type: ignore[assignment]  # set by peft
        del configs[name]
        if not configs:
            self._unwrap()

    @contextmanager
    def on(self, names: Sequence[str]) -> Iterator[None]:
        """Add adapters to the decoder while a block runs."""
        self._switch(names)
        try:
            yield
        finally:
            self._switch(())

    def while_stepping(self, names: Sequence[str], steps: Iterator[T]) -> Iterator[T]:
        """Yield from `steps`, which run with adapters on; between two of them they are off."""
        while True:
            with self.on(names):
                try:
                    step = next(steps)
                except StopIteration:
                    return
            yield step

    def _switch(self, names: Sequence[str]) -> None:
        for layer in self._layers():
            layer.set_adapter(list(names))

    def _unwrap(self) -> None:
        for path, module in list(self._decoder.named_modules()):
            if isinstance(module, LoraLayer):
                self._decoder.set_submodule(path, module.get_base_layer())
        del self._decoder.peft_config

    def _layers(self) -> list[LoraLayer]:
        return [module for module in self._decoder.modules() if isinstance(module, LoraLayer)]

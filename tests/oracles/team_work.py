"""What each process of a team does in its test; a module of its own, so that it can be sent."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from omnipersona.model.engine.distributed import Team


def averaged_gradients(team: Team, folder: str) -> None:
    """Average gradients that differ by rank and write what this process ends with."""
    weight, unused = nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4))
    weight.grad = torch.full((2, 3), float(team.rank + 1))
    if team.leads:
        unused.grad = torch.ones(4)
    table = nn.Embedding(5, 2, sparse=True)
    table(torch.tensor([team.rank, 4])).sum().backward()
    team.average([weight, unused])
    team.average_rows(table.weight)
    assert weight.grad is not None
    assert unused.grad is not None
    assert table.weight.grad is not None
    found = {
        "weight": weight.grad,
        "unused": unused.grad,
        "rows": table.weight.grad.to_dense(),
        "will": torch.tensor(team.agrees(team.leads)),
        "share": torch.tensor(team.share(5)),
    }
    save_file(found, Path(folder) / f"{team.rank}.safetensors")

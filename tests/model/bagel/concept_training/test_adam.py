"""Our Adam takes the steps of the library's."""

import torch
from torch import nn

from omnipersona.model.bagel.concept_training.trainer import Adam


def test_steps_equal_the_library_s() -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.arange(12.0).view(3, 4)) for _ in range(2))
    mine, library = Adam([ours]), torch.optim.Adam([theirs], lr=1.0)
    for step in range(20):
        rate = 0.1 / (1 + step)
        wish = torch.randn(3, 4)
        for parameter in (ours, theirs):
            parameter.grad = None
            (parameter * wish).square().sum().backward()
        mine.step(rate)
        library.param_groups[0]["lr"] = rate
        library.step()
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


def test_a_parameter_without_gradient_stays() -> None:
    moved, still = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    adam = Adam([moved, still])
    moved.sum().backward()
    adam.step(0.1)
    assert not torch.equal(moved, torch.ones(2))
    assert torch.equal(still, torch.ones(2))
    adam.zero_grad()
    assert moved.grad is None

"""A new concept begins where known concepts of its looks lie."""

from pathlib import Path

import pytest
import torch

from omnipersona.model.concept.bank import ConceptBank, looks_of
from omnipersona.model.sequence.pictures import seen_image
from omnipersona.model.studio import Studio


@pytest.fixture
def bank() -> ConceptBank:
    generator = torch.Generator().manual_seed(0)
    looks = torch.randn(40, 6, generator=generator)
    read = torch.randn(6, 3 * 5, generator=generator)
    return ConceptBank((looks @ read).view(40, 3, 5), looks, step=7)


def test_vectors_are_guessed_from_looks(bank: ConceptBank) -> None:
    for i in (0, 11, 29):
        guess, truth = bank.like(bank.looks_NF[i]), bank.tokens_NRD[i]
        missed = (guess - truth).square().mean()
        assert missed < 0.2 * (bank.tokens_NRD.mean(0) - truth).square().mean()


def test_mean_looks_give_mean_vectors(bank: ConceptBank) -> None:
    guess = bank.like(bank.looks_NF.mean(0))
    torch.testing.assert_close(guess, bank.tokens_NRD.mean(0), atol=1e-5, rtol=0)


def test_a_bank_survives_its_file(bank: ConceptBank, tmp_path: Path) -> None:
    bank.write(tmp_path)
    again = ConceptBank.read(tmp_path)
    assert again is not None
    assert again.step == bank.step
    torch.testing.assert_close(again.tokens_NRD, bank.tokens_NRD, atol=5e-3, rtol=1e-3)
    torch.testing.assert_close(again.looks_NF, bank.looks_NF, atol=5e-3, rtol=1e-3)


def test_a_folder_without_a_bank_has_none(tmp_path: Path) -> None:
    assert ConceptBank.read(tmp_path) is None


def test_looks_tell_pictures_apart_and_average(studio: Studio) -> None:
    size = studio.config.image_size
    dark, light = (
        seen_image(studio.config, torch.full((3, size, size), value)) for value in (-1.0, 1.0)
    )
    apart = [looks_of(studio.model, [one]) for one in (dark, light)]
    assert not torch.allclose(apart[0], apart[1])
    both = looks_of(studio.model, [dark, light])
    torch.testing.assert_close(both, (apart[0] + apart[1]) / 2)

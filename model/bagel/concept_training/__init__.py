"""Training a concept's tokens on BAGEL: dataset, samples, losses, early stopping."""

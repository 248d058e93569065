"""BAGEL's architecture: a Mixture-of-Transformers with understanding and generation experts."""

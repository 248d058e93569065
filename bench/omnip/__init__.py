"""OmniPBench: methods of personalisation, measured on the same held-out concepts."""

"""Checkpoints: published keys, safetensors files, devices, quantization."""

"""Rectified flow: from noise to latents."""

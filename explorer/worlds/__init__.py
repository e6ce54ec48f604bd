"""Worlds on disk and in memory: settings, journal, latents, and the pixels made of them."""

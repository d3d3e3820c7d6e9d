"""Configs, and what turns a composed one into a run."""

"""Measure what pruning brings: sizes and time, before and after."""

from pipelines.speed.report import speed_report

__all__ = ["speed_report"]

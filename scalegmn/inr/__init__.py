"""Implicit neural representations: fit, store, canonicalise and evaluate SIRENs of images."""

from scalegmn.inr.builder import INRBuilder
from scalegmn.inr.edits import Contrast, Dilation, Edit, Identity
from scalegmn.inr.fitter import Fitter, initial_parameters
from scalegmn.inr.grid import pixel_grid, render
from scalegmn.inr.inr_set import INRBatch, INRSet
from scalegmn.inr.phases import canonical_phases
from scalegmn.inr.quality import psnr, squared_error

__all__ = [
    "Contrast",
    "Dilation",
    "Edit",
    "Fitter",
    "INRBatch",
    "INRBuilder",
    "INRSet",
    "Identity",
    "canonical_phases",
    "initial_parameters",
    "pixel_grid",
    "psnr",
    "render",
    "squared_error",
]

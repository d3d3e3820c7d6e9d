"""Implicit neural representations: fit, store, canonicalise and evaluate SIRENs of images."""

from scalegmn.inr.builder import INRBuilder
from scalegmn.inr.editor import INRImageEditor, load_editor, save_editor, siren_graph
from scalegmn.inr.editors import MetanetworkEditor, RawEditor
from scalegmn.inr.edits import Contrast, Dilation, Edit, Identity
from scalegmn.inr.fitter import Fitter, initial_parameters
from scalegmn.inr.frequency import absorb_frequency
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
    "INRImageEditor",
    "INRSet",
    "Identity",
    "MetanetworkEditor",
    "RawEditor",
    "absorb_frequency",
    "canonical_phases",
    "initial_parameters",
    "load_editor",
    "pixel_grid",
    "psnr",
    "render",
    "save_editor",
    "siren_graph",
    "squared_error",
]

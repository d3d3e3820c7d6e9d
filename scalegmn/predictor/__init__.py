"""Predicting a network's accuracy from its parameters."""

from scalegmn.predictor.accuracy import AccuracyPredictor
from scalegmn.predictor.description import check_describable, register
from scalegmn.predictor.files import load_predictor, save_predictor
from scalegmn.predictor.metanetwork import Metanetwork
from scalegmn.predictor.predictions import Predictions
from scalegmn.predictor.raw_mlp import RawMLP
from scalegmn.predictor.reader_config import ReaderConfig
from scalegmn.predictor.stat_nn import StatNN

__all__ = [
    "AccuracyPredictor",
    "Metanetwork",
    "Predictions",
    "RawMLP",
    "ReaderConfig",
    "StatNN",
    "check_describable",
    "load_predictor",
    "register",
    "save_predictor",
]

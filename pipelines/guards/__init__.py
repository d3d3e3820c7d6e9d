"""Guards: what keeps an optimiser from fooling the predictor that it follows."""

from pipelines.guards.conservative import Conservative
from pipelines.guards.ensemble import Ensemble
from pipelines.guards.guard import Guard
from pipelines.guards.on_policy import OnPolicy
from pipelines.guards.trust_region import TrustRegion
from pipelines.guards.unguarded import Unguarded

__all__ = ["Conservative", "Ensemble", "Guard", "OnPolicy", "TrustRegion", "Unguarded"]

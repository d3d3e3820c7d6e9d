"""Scale-equivariant graph metanetworks: networks as data."""

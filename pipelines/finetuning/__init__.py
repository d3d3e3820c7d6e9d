"""Fine-tuning of pruned networks, by one of two engines under the same protocol."""

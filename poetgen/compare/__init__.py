"""Settings side by side: the same poems, batches, first weights and budget for every run."""

"""Training: from a prepared corpus and a config to a checkpoint, stopped and resumed at will."""

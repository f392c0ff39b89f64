"""From raw poems to numbered ones, ready to train on."""

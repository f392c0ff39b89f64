"""From a prompt, what is asked for and a seed to finished poems; nothing here imports torch."""

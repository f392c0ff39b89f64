"""The network in PyTorch, its recurrent layers written out equation by equation."""

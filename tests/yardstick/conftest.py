"""The tiny model that writing is tested with."""

from tests.writing.conftest import tiny_checkpoint, vocabulary

__all__ = ["tiny_checkpoint", "vocabulary"]

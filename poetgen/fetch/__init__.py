"""From a git repository of poems to raw files on disk, whole or not at all."""

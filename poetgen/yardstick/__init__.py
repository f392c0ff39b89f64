"""What written poems are like, counted beside real ones."""

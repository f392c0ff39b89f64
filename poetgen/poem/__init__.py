"""A poem and its form: the ground floor, on which everything stands."""

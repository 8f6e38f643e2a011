"""The catalogue: what is for sale, how operators change it, and how a whole list of products is imported."""

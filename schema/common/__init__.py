"""What the other rooms of the schema share: the scalar, the node interface, the problems."""

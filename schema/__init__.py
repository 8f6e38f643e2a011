"""What clients see: types, inputs, unions, assembly and limits."""

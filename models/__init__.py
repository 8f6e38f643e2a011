"""Tables, the unit of work and migrations. Knows no HTTP."""

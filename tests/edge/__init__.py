"""The API edge: limits, bodies, negotiation, errors, hostile requests."""

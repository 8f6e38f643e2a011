"""What each field does: who may, then one call down."""

"""What each phase must show before it is left."""

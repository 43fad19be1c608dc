"""What Plainsail is measured against: the same work done the usual way."""

"""What we are measured against: the way public templates do it, and the least that can be done."""

"""What we are measured against: scikit-learn served as public templates do, and the floor."""

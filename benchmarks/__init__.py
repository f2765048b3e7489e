"""What is fast, against what. ``make bench`` runs all of it; every figure is a ratio or a scaling within one run."""

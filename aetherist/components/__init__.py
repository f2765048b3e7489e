"""The parts of a 3D-aware generative avatar, a folder a family; importing a family registers its parts."""

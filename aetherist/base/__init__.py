"""What everything stands on and needs no PyTorch: errors that say where, YAML that knows its lines, whole files."""

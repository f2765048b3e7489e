"""What a running gateway says of itself: logs, metrics and traces."""

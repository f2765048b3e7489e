"""What runs in a worker process: models, and the work that is done with them. Nothing here knows of HTTP or asyncio."""

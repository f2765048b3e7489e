"""The gateway: avatars over HTTP, jobs, and the web studio (extra ``serve``)."""

"""Where a gateway keeps things: artifacts by their content, and what is known of them in a database."""

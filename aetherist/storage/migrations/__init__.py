"""How the tables came to be, version by version. A version that was released is never changed; a new one follows it."""

"""One adapter for each library: a client or a server that has the conversation."""

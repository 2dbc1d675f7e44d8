"""Application protocols that travel over WebSockets: one file each."""

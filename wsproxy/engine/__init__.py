"""The adapter to aiohttp: listening, dialling the upstream, plain HTTP."""

"""The page, the API under it and the live feed; docs/page.md and docs/api.md."""

"""Places and bodies: the four-level area tree, organisations with their hubs, their sites; and what a scope covers."""

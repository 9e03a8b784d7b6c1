"""Files that people send: pictures and evidence, kept by content and shown only to those whom their owner lets."""

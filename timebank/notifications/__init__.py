"""What people are told: an outbox that commits with the fact, and the senders that empty it."""

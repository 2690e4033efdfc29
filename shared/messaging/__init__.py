"""How messages survive: envelope, outbox, relay, inbox, subscriptions and RPC."""

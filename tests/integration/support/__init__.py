"""What the integration and end-to-end tests share: a gate, an issuer, an upstream, all on loopback. Standard library only."""

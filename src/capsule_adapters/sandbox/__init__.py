"""The rehearsal cloud: loopback APIs and SSH hosts that the true adapters talk to."""

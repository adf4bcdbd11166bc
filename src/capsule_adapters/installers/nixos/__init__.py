"""NixOS onto a machine over SSH: by nixos-anywhere, in place, or from NixOS' own image."""

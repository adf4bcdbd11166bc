"""What installs things on a machine: Nix, a profile, Capsule itself."""

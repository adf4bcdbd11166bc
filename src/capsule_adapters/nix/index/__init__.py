"""Everything that is in a nixpkgs, read by Nix."""

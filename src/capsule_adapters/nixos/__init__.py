"""NixOS machines: looked at and switched by scripts of ours that run on them."""

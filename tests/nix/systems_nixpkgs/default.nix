# No packages: only systems are made of this nixpkgs.
{ system }: { inherit system; }

# What a nixpkgs calls itself, and the name of everything at its top and in python3Packages.
{ nixpkgs }:
let
  pkgs = import nixpkgs {
    config.allowAliases = false;
    overlays = [ ];
  };
  python = builtins.tryEval (builtins.attrNames (pkgs.python3Packages or { }));
in
{
  release = pkgs.lib.version or null;
  revision = (pkgs.lib.trivial.revisionWithDefault or (default: default)) null;
  top = builtins.attrNames pkgs;
  python = if python.success then python.value else [ ];
}

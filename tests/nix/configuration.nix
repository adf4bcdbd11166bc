# What a generated folder says, with a stub of nixpkgs' lib and packages that are names.
{ folder, pkgs }:
let
  lib = import ./lib.nix;
  python = {
    python3.withPackages = choose: "python3 with ${toString (choose names)}";
  };
  names = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = name;
    }) pkgs.python
  );
  all = pkgs.plain // python;
  read = name: import (folder + "/${name}");
  configuration = read "configuration.nix" {
    inherit lib;
    pkgs = all;
  };
  flake = read "flake.nix";
  outputs = flake.outputs {
    self.rev = "0123456";
    nixpkgs.lib.nixosSystem = system: system;
    home-manager.nixosModules.home-manager = "the module of Home Manager";
  };
in
{
  imports = map builtins.baseNameOf configuration.imports;
  configuration = builtins.removeAttrs configuration [
    "imports"
    "nixpkgs"
  ];
  unfree = map (configuration.nixpkgs.config.allowUnfreePredicate or (_: null)) [
    { pname = "allowed"; }
    { pname = "other"; }
  ];
  access = read "access.nix";
  home = read "home.nix" { pkgs = all; };
  placeholder = builtins.tryEval (read "hardware-configuration.nix");
  flake = {
    inherit (flake) description inputs;
    hosts = builtins.attrNames outputs.nixosConfigurations;
    modules = map builtins.typeOf (builtins.head (builtins.attrValues outputs.nixosConfigurations)).modules;
    revision =
      (builtins.elemAt (builtins.head (builtins.attrValues outputs.nixosConfigurations)).modules 2)
      .system.configurationRevision;
  };
}

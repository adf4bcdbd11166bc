# What a stack's module declares, and what it sets once it is enabled.
{
  stack,
  module,
  options ? { },
  docker ? false,
}:
let
  lib = import ./lib.nix;
  declared = builtins.mapAttrs (_: option: option.default or null) evaluated.options.capsule.${stack};
  evaluated = import module {
    inherit lib;
    pkgs = {
      gcc = "gcc";
      postgresql_17 = "postgresql-17";
      rustPlatform.rustLibSrc = "/rust-src";
      stdenv.cc.cc.lib = "gcc-lib";
      zlib = "zlib";
    };
    config = {
      capsule.${stack} = declared // { enable = true; } // options;
      virtualisation.docker.enable = docker;
      users.users = {
        alice = {
          isNormalUser = true;
          extraGroups = [ "wheel" ];
        };
        bob = {
          isNormalUser = true;
          extraGroups = [ ];
        };
        root = {
          isNormalUser = false;
          extraGroups = [ "wheel" ];
        };
      };
    };
  };
in
{
  options = builtins.mapAttrs (_: option: {
    isOption = option.isOption or false;
    type = option.type or null;
    description = option.description or null;
    default = option.default or null;
    readOnly = option.readOnly or false;
  }) evaluated.options.capsule.${stack};
  roots = builtins.attrNames evaluated.options;
  inherit (evaluated) config;
}

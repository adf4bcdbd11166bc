# What a stack's module declares, and what it sets once it is enabled.
{
  stack,
  module,
  packages,
  python,
  options ? { },
  docker ? false,
}:
let
  lib = import ./lib.nix;
  declared = builtins.mapAttrs (_: option: option.default or null) evaluated.options.capsule.${stack};
  evaluated = import module {
    inherit lib;
    pkgs = import ./packages.nix {
      inherit python;
      names = packages;
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
  # A function of Python's libraries is shown as what it chooses.
  libraries = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = name;
    }) python
  );
  shown =
    value:
    if builtins.isFunction value then
      value libraries
    else if value ? outPath then
      value.outPath
    else if builtins.isAttrs value then
      builtins.mapAttrs (_: shown) value
    else
      value;
in
{
  options = builtins.mapAttrs (_: option: {
    isOption = option.isOption or false;
    type = option.type or null;
    description = option.description or null;
    default = shown (option.default or null);
    readOnly = option.readOnly or false;
  }) evaluated.options.capsule.${stack};
  roots = builtins.attrNames evaluated.options;
  config = shown evaluated.config;
}

# Evaluates as little as tells systems apart: each module is a set, or a function of one, and
# what it sets is put over what those before it set.
{
  system ? null,
  modules,
  specialArgs ? { },
}:
let
  lib = import ../../lib;
  read = module: if builtins.isPath module || builtins.isString module then import module else module;
  applied =
    module:
    let
      it = read module;
      one = if builtins.isFunction it then it ({ inherit lib config; pkgs = { }; } // specialArgs) else it;
    in
    builtins.foldl' (sum: more: sum // applied more) { } (one.imports or [ ])
    // builtins.removeAttrs one [ "imports" ];
  config =
    let
      set = builtins.foldl' (sum: module: sum // applied module) { } modules;
      made =
        name:
        derivation {
          inherit name;
          system = if system == null then "x86_64-linux" else system;
          builder = "/bin/sh";
          args = [
            "-c"
            "/bin/mkdir -p $out/bin; echo \"$said\" > $out/bin/run-${set.host or "x"}-vm"
          ];
          said = builtins.toJSON (set.virtualisation.vmVariant or { });
        };
    in
    {
      assertions = [ ];
      warnings = [ ];
      system.build.toplevel = made "nixos-system-${set.host or "x"}";
      system.build.vm = made "nixos-vm";
    }
    // set;
in
{
  inherit config;
  extendModules = more: import ./eval-config.nix {
    inherit system specialArgs;
    modules = modules ++ more.modules;
  };
}

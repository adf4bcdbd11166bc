# As much of nixpkgs as the previews of an environment use: packages are their names, and what
# is built from them is what it would be built from.
{
  packages,
  python ? [ ],
  platforms ? { },
  broken ? [ ],
}:
{
  system ? "x86_64-linux",
  config ? { },
}:
let
  package = path: {
    pname = path;
    meta = {
      broken = builtins.elem path broken;
      platforms = platforms.${path} or [ system ];
    };
  };
  add =
    path: set: rest:
    if builtins.length path == 1 then
      set // { ${builtins.head path} = rest; }
    else
      set
      // {
        ${builtins.head path} = add (builtins.tail path) (set.${builtins.head path} or { }) rest;
      };
  named = builtins.foldl' (set: path: add (splitDots path) set (package path)) { } packages;
  splitDots = path: builtins.filter builtins.isString (builtins.split "\\." path);
  names = list: map (one: one.pname) list;
in
named
// {
  inherit config;
  lib = import ./lib.nix // {
    meta.availableOn = platform: one: builtins.elem platform.system one.meta.platforms;
    warn = text: builtins.trace "warning: ${text}";
  };
  stdenv.hostPlatform.system = system;
  python3.withPackages =
    choose:
    package "python3 with ${
      toString (
        names (
          choose (
            builtins.listToAttrs (
              map (name: {
                inherit name;
                value = package name;
              }) python
            )
          )
        )
      )
    }";
  buildEnv = environment: environment // { paths = names environment.paths; };
  mkShell = shell: shell // { packages = names shell.packages; };
}

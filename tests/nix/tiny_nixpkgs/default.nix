# Packages of one file each, as packages.json tells: {version, script, meta} or {removed}.
{
  system,
  config ? { },
  overlays ? [ ],
}:
let
  lib = import ./lib.nix;
  told = builtins.fromJSON (builtins.readFile ./packages.json);

  refused =
    name: meta:
    (meta.broken or false && !(config.allowBroken or false))
    || (
      meta.unfree or false
      && !(config.allowUnfree or false)
      && !((config.allowUnfreePredicate or (_: false)) { pname = name; })
    );

  make =
    name:
    {
      version ? "1.0",
      script ? "",
      meta ? { },
    }:
    let
      made = derivation {
        inherit system;
        name = "${name}-${version}";
        builder = "/bin/sh";
        args = [
          "-c"
          "${script}\n/bin/mkdir -p $out/bin; echo ${version} > $out/bin/${name}"
        ];
      };
    in
    made
    // {
      inherit version meta;
      pname = name;
      outPath = if refused name meta then throw "refused: ${name}" else made.outPath;
    };

  packages = builtins.mapAttrs (
    name: about: if about ? removed then throw about.removed else make name about
  ) told;

  joined =
    name: paths:
    derivation {
      inherit name system;
      paths = map (package: package.outPath) paths;
      builder = "/bin/sh";
      args = [
        "-c"
        "/bin/mkdir -p $out/bin; for p in $paths; do /bin/ln -s $p/bin/* $out/bin/; done"
      ];
    };
in
packages
// {
  inherit lib;
  stdenv.hostPlatform = { inherit system; };
  buildEnv = { name, paths, ... }: joined name paths;
  mkShell = attributes: attributes;
  python3Packages = packages;
  python3.withPackages =
    choose:
    joined "python3-3.12-env" (choose packages)
    // {
      pname = "python3";
      meta = { };
    };
}

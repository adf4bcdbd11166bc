# What nixpkgs says of packages, all in one evaluation: by attribute path the fields of
# PackageFacts. Nothing that is broken, unfree or insecure stops it: that is what is asked.
{
  nixpkgs,
  system,
  packages,
  flags,
}:
let
  pkgs = import nixpkgs {
    inherit system;
    overlays = [ ]; # a person's own would make the answer another one than that of the flake
    config = {
      allowBroken = true;
      allowUnfree = true;
      allowUnsupportedSystem = true;
      allowInsecurePredicate = _: true;
    }
    // builtins.mapAttrs (_: builtins.elem system) flags;
  };
  inherit (pkgs) lib;

  # `value`, or `otherwise` where looking at it throws.
  sure =
    otherwise: value:
    let
      tried = builtins.tryEval (builtins.deepSeq value value);
    in
    if tried.success then tried.value else otherwise;

  # An attribute that nixpkgs removed or renamed is there, and throws when it is looked at.
  looked =
    path:
    let
      found = builtins.tryEval (lib.attrByPath (lib.splitString "." path) null pkgs);
      isPackage = builtins.tryEval (lib.isDerivation found.value);
    in
    {
      inherit system;
    }
    // (
      if !found.success || !isPackage.success then
        { evaluates = false; }
      else if isPackage.value then
        facts found.value
      else
        { found = false; }
    );

  facts = package: {
    name = sure null (lib.getName package);
    version = sure null (lib.getVersion package);
    broken = sure false (package.meta.broken or false);
    unfree = sure false (package.meta.unfree or false);
    insecure = sure false ((package.meta.knownVulnerabilities or [ ]) != [ ]);
    available = sure true (lib.meta.availableOn pkgs.stdenv.hostPlatform package);
  };
in
builtins.listToAttrs (
  map (path: {
    name = path;
    value = looked path;
  }) packages
)

# A nixpkgs with one of everything that an index meets.
{
  config ? { },
  overlays ? [ ],
}:
let
  package =
    pname: version: meta:
    derivation {
      name = "${pname}-${version}";
      inherit pname version;
      system = "x86_64-linux";
      builder = "/bin/sh";
    }
    // {
      inherit meta;
    };
  usual = {
    description = "What it is for\nin two lines";
    license.spdxId = "MIT";
  };
in
assert overlays == [ ];
{
  lib = import ./lib;
  callPackage = x: x;
  ripgrep = package "ripgrep" "15.1.0" usual;
  two-licences = package "two" "1" {
    license = [
      { spdxId = "MIT"; }
      {
        shortName = "unfree";
        free = false;
      }
    ];
  };
  marked-unfree = package "marked" "1" { unfree = true; };
  old-style = {
    type = "derivation";
    name = "old-style-0.9";
  };
  weird = package "weird" "2" {
    description = throw "no description";
    license = 5;
  };
  needs-allowing =
    if config.allowUnfree or false && config.allowBroken or false then
      package "allowed" "1" { }
    else
      throw "refused";
  throws = throw "removed";
  asserts = assert false; { };
  aborts = abort "nothing catches this";
  typo = package "typo" "1" { } // { version = "1" + 1; };
  missing = import ./missing.nix;
  haskellPackages = {
    lens = throw "never looked into";
  };
  python3Packages = {
    numpy = package "numpy" "2.4" usual;
    buildPythonPackage = x: x;
    gone = abort "nor this";
  };
}
// (
  if config.allowAliases or true then
    {
      rg = throw "an alias";
    }
  else
    { }
)

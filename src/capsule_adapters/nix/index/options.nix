# Every visible option of the NixOS of a nixpkgs: its name, its type, its default as text.
{ nixpkgs }:
let
  lib = import (nixpkgs + "/lib");
  system = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = "x86_64-linux";
    modules = [ ];
  };

  attempt =
    otherwise: value:
    let
      tried = builtins.tryEval value;
    in
    if tried.success then tried.value else otherwise;

  text =
    value:
    attempt null (
      if builtins.isString value then builtins.unsafeDiscardStringContext value else null
    );

  visible = option: (option.visible or true) == true && !(option.internal or false);
in
map (option: {
  name = option.name;
  kind = text (option.type or "");
  default = text (option.default.text or null);
  declared = map text (attempt [ ] (map toString (option.declarations or [ ])));
}) (builtins.filter visible (lib.optionAttrSetToDocList system.options))

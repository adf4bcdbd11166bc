# Every option of the NixOS of a nixpkgs: its name, its type, its default as text, whether
# the manual leaves it out, and for a renamed one what it is called now.
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

  hidden = option: !(attempt true ((option.visible or true) != false));

  # One that was removed is declared only to say so: it has neither words nor a type.
  removed =
    option:
    hidden option
    && text (option.description or null) == null
    && text (option.default.text or null) == null
    && builtins.elem (text (option.type or "unspecified")) [
      "unspecified"
      "unspecified value"
    ];

  # NixOS writes the description of a renamed option itself.
  renamed =
    option:
    let
      said = text (option.description or null);
      found = if said == null then null else builtins.match "Alias of .option.`([^`]+)`.*" said;
    in
    if hidden option && found != null then builtins.head found else null;
in
map (option: {
  name = option.name;
  kind = text (option.type or "");
  default = text (option.default.text or null);
  declared = map text (attempt [ ] (map toString (option.declarations or [ ])));
  hidden = hidden option;
  internal = attempt false (option.internal or false);
  removed = removed option;
  instead = renamed option;
}) (lib.optionAttrSetToDocList system.options)

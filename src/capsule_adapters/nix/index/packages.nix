# What a nixpkgs says of some of its packages.
#
# `names` is a file with a JSON list of attribute paths, each a list of names. The answer
# is a list of the same length: null for what is no package and no set of packages or
# cannot be evaluated, { set = true; } for a set, and the facts of a package.
{ nixpkgs, names }:
let
  pkgs = import nixpkgs {
    config = {
      allowAliases = false;
      allowBroken = true;
      allowUnfree = true;
      allowUnsupportedSystem = true;
      allowInsecurePredicate = _: true;
    };
    overlays = [ ];
  };

  attempt =
    otherwise: value:
    let
      tried = builtins.tryEval value;
    in
    if tried.success then tried.value else otherwise;

  # A text whatever becomes of it; what it was made from is of no interest here.
  text =
    value:
    attempt null (
      if builtins.isString value then builtins.unsafeDiscardStringContext value else null
    );

  within = builtins.foldl' (set: name: set.${name});

  list = value: if builtins.isList value then value else [ value ];

  licence =
    one:
    if builtins.isString one then text one else text (one.spdxId or one.shortName or one.fullName or null);

  licences =
    meta:
    builtins.filter (name: name != null) (
      map (one: attempt null (licence one)) (attempt [ ] (list (meta.license or [ ])))
    );

  parsed = package: builtins.parseDrvName package.name;

  facts =
    package:
    let
      meta = attempt { } (package.meta or { });
    in
    {
      name = text (package.pname or (parsed package).name);
      version = text (package.version or (parsed package).version);
      summary = text (meta.description or null);
      licence = licences meta;
      unfree = attempt false (
        meta.unfree or (builtins.any (one: !(one.free or true)) (list (meta.license or [ ])))
      );
    };

  kind =
    value:
    if !(builtins.isAttrs value) then
      "other"
    else if (value.type or "") == "derivation" then
      "package"
    else
      "set";

  describe =
    path:
    let
      value = within pkgs path;
      found = attempt "other" (kind value);
    in
    if found == "package" then
      facts value
    else if found == "set" then
      { set = true; }
    else
      null;
in
map describe (builtins.fromJSON (builtins.readFile names))

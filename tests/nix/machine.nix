# A whole configuration, evaluated by a small stand-in for the module system: what every
# module declares under `capsule`, and every option that anything sets, with its path.
#
# It merges as NixOS does what our files need of it: conditions, priorities, lists, sets and
# functions to lists. Two different values for one option are shown as a collision.
{
  start,
  names,
  python,
  extra ? { },
}:
let
  tag = type: fields: { _type = type; } // fields;
  lib = import ./lib.nix // {
    mkIf = condition: content: tag "if" { inherit condition content; };
    mkOverride = priority: content: tag "override" { inherit priority content; };
    mkDefault = lib.mkOverride 1000;
    mkForce = lib.mkOverride 50;
    mkMerge = contents: tag "merge" { inherit contents; };
    optionals = condition: list: if condition then list else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    versionAtLeast = a: b: builtins.compareVersions a b >= 0;
  };
  pkgs = import ./packages.nix { inherit names python; };

  # Modules: a file or a set, with what it imports; each file once.
  arguments = {
    inherit
      lib
      pkgs
      options
      config
      ;
    modulesPath = "/modules-of-nixpkgs";
    inputs = { };
  };
  opened =
    one:
    let
      content = if builtins.isPath one then import one else one;
    in
    if builtins.isFunction content then content arguments else content;
  # What nixpkgs or a flake brings is known by name only, and not looked into.
  isOurs = one: !builtins.isString one;
  collected =
    builtins.genericClosure {
      startSet = map keyed (builtins.filter isOurs start);
      operator = entry: map keyed (builtins.filter isOurs ((opened entry.module).imports or [ ]));
    };
  keyed = module: {
    key =
      if builtins.isPath module then toString module else builtins.hashString "sha256" (described module);
    inherit module;
  };
  described = module: if builtins.isAttrs module then toString (builtins.attrNames module) else "f";
  modules = map (entry: opened entry.module) collected;
  definitionsOf =
    module:
    if module ? config || module ? options then
      module.config or { }
    else
      builtins.removeAttrs module [ "imports" ];

  # Definitions of one place: (condition, priority, value), conditions not yet looked at.
  spread =
    one:
    if !(builtins.isAttrs one && one ? _type) then
      [ (plain one) ]
    else if one._type == "if" then
      map (d: d // { when = one.condition && d.when; }) (spread one.content)
    else if one._type == "override" then
      map (d: d // { inherit (one) priority; }) (spread one.content)
    else if one._type == "merge" then
      builtins.concatMap spread one.contents
    else
      [ (plain one) ];
  plain = value: {
    when = true;
    priority = 100;
    inherit value;
  };
  isSet = value: builtins.isAttrs value && !(value ? outPath) && !(value ? _type);
  # Conditions hang on our own options, so these and the way to them are read without any;
  # everywhere else what does not hold is not even looked at.
  merged =
    path: definitions:
    let
      isOpen = path == [ ] || builtins.head path == "capsule";
      all = builtins.concatMap (
        d:
        map (inner: {
          value = inner.value;
          when = d.when && inner.when;
          priority = if inner.priority == 100 then d.priority else inner.priority;
        }) (spread d.value)
      ) definitions;
    in
    let
      holding = if isOpen then all else builtins.filter (d: d.when) all;
    in
    if holding != [ ] && builtins.all (d: isSet d.value) holding then
      nested path holding
    else
      leaf holding;
  nested =
    path: all:
    builtins.mapAttrs (name: parts: merged (path ++ [ name ]) parts) (builtins.zipAttrsWith (_: parts: parts) (map asParts all));
  asParts = d: builtins.mapAttrs (_: value: d // { inherit value; }) d.value;
  leaf =
    all:
    let
      holding = builtins.filter (d: d.when) all;
      highest = builtins.foldl' (low: d: if d.priority < low then d.priority else low) 9999 holding;
      values = map (d: d.value) (builtins.filter (d: d.priority == highest) holding);
      first = builtins.head values;
    in
    if values == [ ] then
      { absent = true; }
    else if builtins.length values == 1 then
      first
    else if builtins.isList first then
      builtins.concatLists values
    else if builtins.isFunction first then
      x: builtins.concatLists (map (f: f x) values)
    else if builtins.all (value: value == first) values then
      first
    else
      { collision = values; };

  set = merged [ ] (map (module: plain (definitionsOf module)) modules);

  declared = builtins.foldl' (all: module: all // (module.options.capsule or { })) { } modules;
  options = {
    capsule = declared;
  }
  // extra;
  defaults = builtins.mapAttrs (_: builtins.mapAttrs (_: option: option.default or null)) declared;
  # With the few of NixOS' own defaults that our modules read.
  config = set // {
    capsule = builtins.mapAttrs (name: there: there // (set.capsule.${name} or { })) defaults;
    virtualisation.docker.enable = set.virtualisation.docker.enable or false == true;
    users.users = builtins.mapAttrs (
      _: user:
      {
        isNormalUser = false;
        extraGroups = [ ];
      }
      // user
    ) (set.users.users or { });
  };

  # What a function is shown with: Python's libraries, or a package that has a name.
  libraries =
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = name;
      }) python
    )
    // {
      pname = "a package";
    };
  shown =
    value:
    if builtins.isFunction value then
      if builtins.functionArgs value == { } then shown (value libraries) else "function"
    else if builtins.isAttrs value && value ? outPath then
      value.outPath
    else if builtins.isAttrs value then
      builtins.mapAttrs (_: shown) value
    else if builtins.isList value then
      map shown value
    else
      value;
in
{
  set = shown set;
  declared = builtins.mapAttrs (_: builtins.mapAttrs (_: option: option.type or null)) declared;
}

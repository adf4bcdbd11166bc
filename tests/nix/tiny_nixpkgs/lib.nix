# As much of nixpkgs' lib as the flakes and the questions of Capsule use.
rec {
  genAttrs =
    names: make:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = make name;
      }) names
    );
  getName = package: package.pname or (builtins.parseDrvName package.name).name;
  getVersion = package: package.version or (builtins.parseDrvName package.name).version;
  isDerivation = value: value.type or null == "derivation";
  splitString = _: text: builtins.filter builtins.isString (builtins.split "[.]" text);
  attrByPath =
    path: default: set:
    let
      name = builtins.head path;
    in
    if path == [ ] then
      set
    else if builtins.isAttrs set && set ? ${name} then
      attrByPath (builtins.tail path) default set.${name}
    else
      default;
  warn = text: value: builtins.trace "warning: ${text}" value;
  meta.availableOn =
    platform: package: builtins.elem platform.system (package.meta.platforms or [ platform.system ]);
}

# As much of nixpkgs' lib as our modules and configurations use, with the same
# meaning; what a real evaluation merges is simply taken as it is here.
rec {
  # Described in NixOS' own words.
  types = {
    bool = "boolean";
    str = "string";
    port = "16 bit unsigned integer; between 0 and 65535 (both inclusive)";
    package = "package";
    enum = values: "one of ${concatStringsSep ", " (map builtins.toJSON values)}";
    ints.positive = "positive integer, meaning >0";
    strMatching = pattern: "string matching the pattern ${pattern}";
    listOf = of: "list of (${of})";
    nullOr = of: "null or (${of})";
    functionTo = of: "function that evaluates to a(n) ${of}";
  };
  literalExpression = text: { inherit text; };
  literalMD = literalExpression;
  mkOption = option: { isOption = true; } // option;
  mkEnableOption =
    text:
    mkOption {
      type = types.bool;
      default = false;
      description = "Whether to enable ${text}.";
    };
  mkIf = condition: content: if condition then content else { absent = true; };
  mkDefault = content: content;
  inherit (builtins) concatStringsSep;
  optional = condition: one: if condition then [ one ] else [ ];
  max = a: b: if a > b then a else b;
  mkOverride = _priority: content: content;
  getName = package: package.pname;
  genAttrs =
    names: value:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = value name;
      }) names
    );
  filterAttrs =
    keep: set:
    builtins.listToAttrs (
      map
        (name: {
          inherit name;
          value = set.${name};
        })
        (builtins.filter (name: keep name set.${name}) (builtins.attrNames set))
    );
}

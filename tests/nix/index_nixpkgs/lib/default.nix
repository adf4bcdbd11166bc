{
  version = "26.05.20260801.abcdef0";
  trivial.revisionWithDefault = default: "abcdef0123456789abcdef0123456789abcdef01";
  optionAttrSetToDocList =
    options: map (name: { inherit name; } // options.${name}) (builtins.attrNames options);
}

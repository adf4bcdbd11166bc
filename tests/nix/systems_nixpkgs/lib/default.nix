# As much of lib as the stand-ins for a flake's inputs use.
{
  mkOption = option: option;
  types = {
    anything = "anything";
    str = "string";
    attrsOf = of: "attribute set of ${of}";
    submodule = _: "submodule";
  };
  mkForce = content: content;
}

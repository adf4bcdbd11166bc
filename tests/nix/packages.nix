# Packages that are their names: every path of `names` below one set, and a Python to match.
{
  names,
  python ? [ ],
}:
let
  parts = name: builtins.filter builtins.isString (builtins.split "\\." name);
  place =
    path: name: set:
    if builtins.length path == 1 then
      set // { ${builtins.head path} = name; }
    else
      set
      // {
        ${builtins.head path} = place (builtins.tail path) name (set.${builtins.head path} or { });
      };
  libraries = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = name;
    }) python
  );
in
builtins.foldl' (set: name: place (parts name) name set) { } names
// {
  python3 = {
    outPath = "python3";
    withPackages = choose: "python3 with ${toString (choose libraries)}";
  };
}

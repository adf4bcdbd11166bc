# The NixOS systems of a configuration: evaluated one after the other, or all as derivations.
#
# `request` is a file with JSON: `nixpkgs`, a folder or null; `flake`, a folder or null, with
# `url` when its inputs are locked; `files`, the configuration of each host; `done`, the hosts
# that were evaluated already; `most`, how many more at most.
{ request }:
let
  asked = builtins.fromJSON (builtins.readFile request);
  tree = /. + asked.nixpkgs;
  lib = import (tree + "/lib");
  evalConfig = import (tree + "/nixos/lib/eval-config.nix");
  platform = builtins.replaceStrings [ "darwin" ] [ "linux" ] builtins.currentSystem;

  ofFile =
    file:
    evalConfig {
      system = platform;
      modules = [ (/. + file) ];
    };

  # A flake without a lock: its nixpkgs is the one that is here, and of other inputs there is
  # as much as their options.
  text = import (/. + asked.flake + "/flake.nix");
  local = {
    nixpkgs = {
      outPath = tree;
      lib = lib // {
        nixosSystem = system: evalConfig ({ system = null; } // system);
      };
      legacyPackages.${platform} = import tree { system = platform; };
    };
  };
  option =
    type:
    lib.mkOption {
      inherit type;
      default = { };
    };
  anything = root: { options.${root} = option lib.types.anything; };
  secrets = root: folder: {
    options.${root} = option (
      lib.types.submodule {
        freeformType = lib.types.attrsOf lib.types.anything;
        options.secrets = option (
          lib.types.attrsOf (
            lib.types.submodule (
              { name, ... }:
              {
                freeformType = lib.types.attrsOf lib.types.anything;
                options.path = lib.mkOption {
                  type = lib.types.str;
                  default = "${folder}/${name}";
                };
              }
            )
          )
        );
      }
    );
  };
  stubs = {
    home-manager.nixosModules = {
      home-manager = anything "home-manager";
      default = anything "home-manager";
    };
    sops-nix.nixosModules = {
      sops = secrets "sops" "/run/secrets";
      default = secrets "sops" "/run/secrets";
    };
    agenix.nixosModules = {
      age = secrets "age" "/run/agenix";
      default = secrets "age" "/run/agenix";
    };
  };
  named = builtins.removeAttrs (
    (text.inputs or { }) // builtins.functionArgs text.outputs
  ) [ "self" ];
  inputs = builtins.mapAttrs (
    name: _: local.${name} or stubs.${name} or (throw "flake.nix: nobody locked its input ${name}")
  ) named;
  outputs =
    _:
    let
      made = text.outputs (
        inputs
        // {
          self = made // {
            inherit inputs;
            outputs = made;
            outPath = /. + asked.flake;
          };
        }
      );
    in
    made;

  stubbed =
    if asked.flake == null || asked.url != null then
      [ ]
    else
      builtins.filter (name: stubs ? ${name}) (builtins.attrNames named);

  # Made anew whenever they are asked for: a system that is held by nobody takes no memory.
  systems =
    _:
    if asked.flake == null then
      builtins.mapAttrs (_: ofFile) asked.files
    else
      (if asked.url == null then outputs null else builtins.getFlake asked.url).nixosConfigurations
        or (throw "flake.nix has no nixosConfigurations");

  hosts = builtins.attrNames (systems null);
  left = builtins.filter (host: !(builtins.elem host asked.done)) hosts;
  count = builtins.length left;
  next = builtins.genList (builtins.elemAt left) (if count < asked.most then count else asked.most);

  # Said as it happens: whatever fails later, this is known.
  say = event: builtins.trace "capsule ${builtins.toJSON event}" null;
  cut = text: builtins.unsafeDiscardStringContext (builtins.substring 0 2000 (toString text));
  inTurn = builtins.foldl' (before: action: builtins.seq before (action null)) null;

  evaluated =
    host:
    let
      inherit ((systems null).${host}) config;
      failed = builtins.filter (one: !one.assertion) config.assertions;
      tell = what: text: _: say { inherit host; ${what} = cut text; };
    in
    inTurn [
      (_: say { begun = host; })
      (_: inTurn (map (one: tell "assertion" one.message) failed))
      (_: inTurn (map (tell "warning") config.warnings))
      (tell "derivation" (if failed == [ ] then config.system.build.toplevel.drvPath else ""))
    ];
in
{
  evaluate = inTurn (
    [
      (_: say {
        inherit hosts stubbed;
      })
    ]
    ++ map (host: _: evaluated host) next
  );

  builds = map (host: (systems null).${host}.config.system.build.toplevel) hosts;

  # The one that is meant. What it would lack of its inputs would be missed where it runs.
  system =
    if stubbed == [ ] then
      (systems null).${asked.host}.config.system.build.toplevel
    else
      throw "flake.nix: nobody locked its input ${builtins.head stubbed}";

  describe =
    let
      known = systems null;
    in
    {
      inherit hosts;
      described =
        if known ? ${asked.host} then import ./describe.nix asked.host known.${asked.host} else null;
    };

  # For a test alone: a key that opens the machine, and a proof of which machine it is.
  vm =
    let
      host =
        if asked.host != null then
          asked.host
        else if count == 1 then
          builtins.head left
        else
          throw "which of the hosts is meant: ${toString hosts}?";
    in
    ((systems null).${host}.extendModules {
      modules = [
        (
          { lib, ... }:
          {
            virtualisation.vmVariant = {
              virtualisation.graphics = lib.mkForce false;
              users.users.root.openssh.authorizedKeys.keys = [ asked.authorizedKey ];
              services.openssh = {
                enable = lib.mkForce true;
                ports = lib.mkForce [ 22 ];
                settings.PermitRootLogin = lib.mkForce "prohibit-password";
                hostKeys = lib.mkForce [
                  {
                    path = "/tmp/xchg/host_key";
                    type = "ed25519";
                  }
                ];
              };
              networking.firewall.allowedTCPPorts = [ 22 ];
            };
          }
        )
      ];
    }).config.system.build.vm;
}

# The daemon of a private network. Machines of that network find this one; no port is opened
# to the others.
{
  config,
  lib,
  ...
}:
let
  cfg = config.capsule.tailscale;
in
{
  options.capsule.tailscale = {
    enable = lib.mkEnableOption "the daemon of Tailscale";

    authKeyFile = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/run/secrets/tailscale";
      description = ''
        File, as a string so that it stays out of the Nix store, with a key to join the
        network by itself. Null waits for `tailscale up`.
      '';
    };

    routes = lib.mkOption {
      type = lib.types.enum [
        "none"
        "client"
        "server"
        "both"
      ];
      default = "none";
      description = "Whether this machine uses others as routers (client), or is one (server).";
    };
  };

  config = lib.mkIf cfg.enable {
    services.tailscale = {
      enable = true;
      authKeyFile = cfg.authKeyFile;
      useRoutingFeatures = cfg.routes;
    };
  };
}

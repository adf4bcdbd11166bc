# A Kubernetes of one machine. Its API is for this machine alone until it is opened.
{
  config,
  lib,
  ...
}:
let
  cfg = config.capsule.k3s;
in
{
  options.capsule.k3s = {
    enable = lib.mkEnableOption "k3s, a Kubernetes of one machine";

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether the API, port 6443, is reachable from outside, with its certificates.";
    };

    tokenFile = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/run/secrets/k3s-token";
      description = ''
        File, as a string so that it stays out of the Nix store, with the token by which
        other machines join. Null lets k3s make one.
      '';
    };

    disable = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "traefik" ];
      description = "Parts of k3s that are left out: traefik and servicelb take ports 80 and 443.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.k3s = {
      enable = true;
      role = "server";
      tokenFile = cfg.tokenFile;
      disable = cfg.disable;
    };

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [ 6443 ];
  };
}

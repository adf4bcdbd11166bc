# The Docker engine. What a container publishes is bound to loopback unless the
# container asks otherwise: Docker's own rules go before the machine's firewall.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.docker;

  administrators = builtins.attrNames (
    lib.filterAttrs (
      _: user: user.isNormalUser && builtins.elem "wheel" user.extraGroups
    ) config.users.users
  );
in
{
  options.capsule.docker = {
    enable = lib.mkEnableOption "the Docker engine";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [ pkgs.docker-compose ];
      defaultText = lib.literalExpression "[ pkgs.docker-compose ]";
      description = "What is installed for everyone; the engine brings the command docker itself.";
    };

    users = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = administrators;
      defaultText = lib.literalMD "every normal user in the group `wheel`";
      example = [ "alice" ];
      description = ''
        Who may talk to the engine. That is as much as being root, so by default it
        is only those who may become root anyway.
      '';
    };

    publishAddress = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      example = "0.0.0.0";
      description = ''
        The address on which a published port listens when the container names none.
        Ports published beyond loopback pass by the machine's firewall.
      '';
    };

    autoPrune = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether unused images, containers and networks are deleted every week.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    virtualisation.docker = {
      enable = true;
      autoPrune.enable = cfg.autoPrune;
      autoPrune.dates = "weekly";
      daemon.settings = {
        # The first is for the default network, the second for every other one.
        ip = cfg.publishAddress;
        default-network-opts.bridge."com.docker.network.bridge.host_binding_ipv4" = cfg.publishAddress;
      };
    };

    users.groups.docker.members = cfg.users;
  };
}

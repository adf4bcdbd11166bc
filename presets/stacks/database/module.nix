# PostgreSQL and Redis for what runs on this machine: both answer on loopback and on
# sockets, and neither opens a port to the net.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.database;
  loopback = "127.0.0.1";
in
{
  options.capsule.database = {
    enable = lib.mkEnableOption "PostgreSQL and Redis on loopback";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        cfg.postgresqlPackage
        pkgs.redis
      ];
      defaultText = lib.literalExpression "[ config.capsule.database.postgresqlPackage pkgs.redis ]";
      description = "The programs to use them with, installed for everyone on the machine.";
    };

    postgresql = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether PostgreSQL runs.";
    };

    postgresqlPackage = lib.mkOption {
      type = lib.types.package;
      default = pkgs.postgresql_17;
      defaultText = lib.literalExpression "pkgs.postgresql_17";
      description = ''
        Which PostgreSQL. The data on the disk belong to its major version, so this stays
        until you upgrade the data yourself: it does not move with NixOS.
      '';
    };

    postgresqlPort = lib.mkOption {
      type = lib.types.port;
      default = 5432;
      description = "The port on loopback of PostgreSQL.";
    };

    databases = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "shop" ];
      description = ''
        Databases that are made if they are not there, each with a user of the same name
        who owns it and comes in from the system user of that name, without a password.
      '';
    };

    redis = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether Redis runs.";
    };

    redisPort = lib.mkOption {
      type = lib.types.port;
      default = 6379;
      description = "The port on loopback of Redis.";
    };

    redisPasswordFile = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/run/secrets/redis";
      description = ''
        File, as a string so that it stays out of the Nix store, with the password of Redis.
        Null asks for none: every user and program of this machine may then read and write.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    services.postgresql = lib.mkIf cfg.postgresql {
      enable = true;
      package = cfg.postgresqlPackage;
      enableTCPIP = false; # loopback only
      settings.port = cfg.postgresqlPort;
      ensureDatabases = cfg.databases;
      ensureUsers = map (name: {
        inherit name;
        ensureDBOwnership = true;
      }) cfg.databases;
    };

    # The server without a name is plain redis.service; a named one would get port 0.
    services.redis.servers."" = lib.mkIf cfg.redis {
      enable = true;
      bind = loopback;
      port = cfg.redisPort;
      requirePassFile = cfg.redisPasswordFile;
    };
  };
}

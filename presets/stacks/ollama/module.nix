# Ollama on loopback. It asks nobody who they are, so it never listens anywhere else.
{
  config,
  lib,
  ...
}:
let
  cfg = config.capsule.ollama;
in
{
  options.capsule.ollama = {
    enable = lib.mkEnableOption "Ollama on loopback";

    port = lib.mkOption {
      type = lib.types.port;
      default = 11434;
      description = "The port on loopback.";
    };

    models = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "gemma3:4b" ];
      description = "Models that are downloaded when the service has started.";
    };

    modelsFolder = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/srv/ollama";
      description = ''
        Where models lie; null is the service's own folder. Another must be there and
        belong to the user ollama, which the module then makes.
      '';
    };

    keepLoaded = lib.mkOption {
      type = lib.types.str;
      default = "5m";
      example = "24h";
      description = "For how long after its last use a model stays in memory.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.ollama = {
      enable = true;
      host = "127.0.0.1";
      port = cfg.port;
      loadModels = cfg.models;
      environmentVariables.OLLAMA_KEEP_ALIVE = cfg.keepLoaded;
      models = lib.mkIf (cfg.modelsFolder != null) cfg.modelsFolder;
      user = lib.mkIf (cfg.modelsFolder != null) "ollama";
    };
  };
}

# Ollama on loopback. It asks nobody who they are, so it never listens anywhere else.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.ollama;
in
{
  options.capsule.ollama = {
    enable = lib.mkEnableOption "Ollama on loopback";

    acceleration = lib.mkOption {
      type = lib.types.nullOr (
        lib.types.enum [
          "cuda"
          "rocm"
          "vulkan"
        ]
      );
      default = null;
      description = ''
        Which cards models run on: NVIDIA's (`cuda`), AMD's (`rocm`), or any by `vulkan`.
        Null is whatever the packages of this machine are built for.
      '';
    };

    package = lib.mkOption {
      type = lib.types.package;
      default =
        if cfg.acceleration == null then
          pkgs.ollama
        else
          pkgs."ollama-${cfg.acceleration}"
            or (throw "capsule.ollama.acceleration: this NixOS has no ollama-${cfg.acceleration}");
      defaultText = lib.literalExpression "pkgs.ollama, or pkgs.ollama-\${acceleration}";
      description = "Which Ollama; `acceleration` chooses among those of nixpkgs.";
    };

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
      # Not `acceleration` of NixOS, which newer releases do not have.
      package = cfg.package;
      host = "127.0.0.1";
      port = cfg.port;
      loadModels = cfg.models;
      environmentVariables.OLLAMA_KEEP_ALIVE = cfg.keepLoaded;
      models = lib.mkIf (cfg.modelsFolder != null) cfg.modelsFolder;
      user = lib.mkIf (cfg.modelsFolder != null) "ollama";
    };
  };
}

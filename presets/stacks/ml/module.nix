# A machine for training: readers of data that do not run out of open files, and, if
# wanted, one place for the models and data sets that everyone would download again. Its
# libraries are in the one interpreter of the module python, which comes with it.
{
  config,
  lib,
  ...
}:
let
  cfg = config.capsule.ml;
in
{
  imports = [ ./python.nix ];

  options.capsule.ml = {
    enable = lib.mkEnableOption "libraries, limits and a place for models that suit machine learning";

    packages = lib.mkOption {
      type = lib.types.functionTo (lib.types.listOf lib.types.package);
      default = ps: [
        ps.jupyterlab
        ps.numpy
        ps.pandas
        ps.scikit-learn
        ps.torch
      ];
      defaultText = lib.literalExpression ''
        ps: [ ps.jupyterlab ps.numpy ps.pandas ps.scikit-learn ps.torch ]
      '';
      description = "Libraries in the interpreter of `capsule.python`.";
    };

    openFiles = lib.mkOption {
      type = lib.types.ints.positive;
      default = 65536;
      description = "How many files a process may hold open. Parallel readers of data need many.";
    };

    sharedMemory = lib.mkOption {
      type = lib.types.strMatching "[1-9][0-9]*[%kmg]";
      default = "50%";
      example = "32g";
      description = "The size of /dev/shm, through which parallel readers hand data on.";
    };

    sharedModels = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/srv/models";
      description = ''
        A folder for downloaded models and data sets that all of `users` share. Null keeps
        them in each home. A model may hold code: share it only among people who trust
        one another.
      '';
    };

    users = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "alice" ];
      description = "Who may write into `sharedModels`: the members of the group ml.";
    };
  };

  config = lib.mkIf cfg.enable {
    capsule.python.enable = lib.mkDefault true;
    capsule.python.pythonPackages = cfg.packages;

    security.pam.loginLimits = [
      {
        domain = "*";
        type = "soft";
        item = "nofile";
        value = cfg.openFiles;
      }
      {
        domain = "*";
        type = "hard";
        item = "nofile";
        value = lib.max cfg.openFiles 524288;
      }
    ];

    boot.devShmSize = lib.mkDefault cfg.sharedMemory;

    users.groups.ml = lib.mkIf (cfg.sharedModels != null) { members = cfg.users; };
    systemd.tmpfiles.settings.capsule-ml = lib.mkIf (cfg.sharedModels != null) {
      ${cfg.sharedModels}.d = {
        user = "root";
        group = "ml";
        mode = "2775";
      };
    };
    environment.variables = lib.mkIf (cfg.sharedModels != null) {
      HF_HOME = lib.mkDefault "${cfg.sharedModels}/huggingface";
      TORCH_HOME = lib.mkDefault "${cfg.sharedModels}/torch";
    };
  };
}

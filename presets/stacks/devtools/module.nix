# A machine on which programs are built and looked into.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.devtools;
in
{
  options.capsule.devtools = {
    enable = lib.mkEnableOption "developers' manuals and core dumps";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.cmake
        pkgs.gcc
        pkgs.gdb
        pkgs.gnumake
        pkgs.strace
        pkgs.valgrind
      ];
      defaultText = lib.literalExpression ''
        [ pkgs.cmake pkgs.gcc pkgs.gdb pkgs.gnumake pkgs.strace pkgs.valgrind ]
      '';
      description = "What is installed for everyone on the machine.";
    };

    manuals = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether the manuals of libraries and system calls are there, such as `man 2 open`.";
    };

    coreDumpMaxSize = lib.mkOption {
      type = lib.types.strMatching "0|[1-9][0-9]*[KMGT]";
      default = "2G";
      description = "The largest core dump that is kept, for `coredumpctl gdb`; `0` keeps none.";
    };

    attachToProcesses = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether gdb and strace may attach to any running process of the same user. Without
        it they see only what they started: a broken-in program cannot read its neighbours.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    documentation.dev.enable = cfg.manuals;

    # A drop-in: the options for these settings are named differently from release to release.
    systemd.coredump.enable = true;
    environment.etc."systemd/coredump.conf.d/capsule.conf".text = ''
      [Coredump]
      ExternalSizeMax=${cfg.coreDumpMaxSize}
      ProcessSizeMax=${cfg.coreDumpMaxSize}
    '';

    boot.kernel.sysctl."kernel.yama.ptrace_scope" = if cfg.attachToProcesses then 0 else 1;
  };
}

# A machine one can work on: an editor that is set, git that knows the system,
# and a journal that cannot fill the disk.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.base;
in
{
  options.capsule.base = {
    enable = lib.mkEnableOption "the everyday tools and a bounded journal";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.curl
        pkgs.git
        pkgs.htop
        pkgs.unzip
        pkgs.vim
        pkgs.wget
      ];
      defaultText = lib.literalExpression ''
        [ pkgs.curl pkgs.git pkgs.htop pkgs.unzip pkgs.vim pkgs.wget ]
      '';
      description = "What is installed for everyone on the machine.";
    };

    vimAsEditor = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether vim opens wherever a program asks for an editor.";
    };

    journalMaxSize = lib.mkOption {
      type = lib.types.strMatching "[1-9][0-9]*[KMGT]";
      default = "500M";
      example = "2G";
      description = "How much of the disk the journal may take; the oldest entries go first.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    programs.git.enable = true;
    programs.htop.enable = true;
    programs.vim.enable = true;
    programs.vim.defaultEditor = lib.mkDefault cfg.vimAsEditor;

    services.journald.extraConfig = "SystemMaxUse=${cfg.journalMaxSize}";
  };
}

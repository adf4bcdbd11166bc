# The terminal made comfortable for everyone on the machine.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.cli-tools;
in
{
  options.capsule.cli-tools = {
    enable = lib.mkEnableOption "fzf in every shell and a tmux that remembers";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.bat
        pkgs.fd
        pkgs.fzf
        pkgs.httpie
        pkgs.jq
        pkgs.ripgrep
        pkgs.tmux
        pkgs.tree
      ];
      defaultText = lib.literalExpression ''
        [ pkgs.bat pkgs.fd pkgs.fzf pkgs.httpie pkgs.jq pkgs.ripgrep pkgs.tmux pkgs.tree ]
      '';
      description = "What is installed for everyone on the machine.";
    };

    fuzzyKeys = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether Ctrl-R, Ctrl-T and Alt-C search with fzf in bash, zsh and fish.";
    };

    tmuxHistoryLines = lib.mkOption {
      type = lib.types.ints.positive;
      default = 50000;
      description = "How many lines each pane of tmux remembers.";
    };

    tmuxKeys = lib.mkOption {
      type = lib.types.enum [
        "emacs"
        "vi"
      ];
      default = "emacs";
      description = "Whose keys move through what tmux remembers.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    programs.fzf.keybindings = cfg.fuzzyKeys;
    programs.fzf.fuzzyCompletion = cfg.fuzzyKeys;

    programs.tmux.enable = true;
    programs.tmux.historyLimit = lib.mkDefault cfg.tmuxHistoryLines;
    programs.tmux.keyMode = lib.mkDefault cfg.tmuxKeys;
    programs.tmux.terminal = lib.mkDefault "tmux-256color";
  };
}

# git that gets on with GitHub: one login for gh and git, and a server that is known.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.github;

  helper = host: {
    name = "https://${host}";
    # The empty one comes first: it forgets helpers that were set elsewhere.
    value.helper = [
      ""
      "!gh auth git-credential"
    ];
  };
in
{
  options.capsule.github = {
    enable = lib.mkEnableOption "git and Git LFS set up for GitHub";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.gh
        pkgs.git-lfs
      ];
      defaultText = lib.literalExpression "[ pkgs.gh pkgs.git-lfs ]";
      description = "What is installed for everyone on the machine.";
    };

    loginWithGh = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether git over HTTPS uses the login of `gh auth login`. Nothing secret is stored here.";
    };

    hosts = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [
        "github.com"
        "gist.github.com"
      ];
      example = [
        "github.com"
        "github.example.org"
      ];
      description = "For which servers `gh` answers: add the GitHub of your company.";
    };

    knownHostKey = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether github.com's SSH key is known beforehand, so that the first connection is safe.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    programs.git.enable = true;
    programs.git.lfs.enable = true;
    programs.git.config = lib.mkIf cfg.loginWithGh {
      credential = builtins.listToAttrs (map helper cfg.hosts);
    };

    # As GitHub publishes it.
    programs.ssh.knownHosts = lib.mkIf cfg.knownHostKey {
      "github.com".publicKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    };
  };
}

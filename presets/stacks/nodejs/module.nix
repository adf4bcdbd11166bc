# npm as one finds it elsewhere: `npm install -g` writes below the home instead of failing
# on the read-only store, and programs that packages bring ready-made find their loader.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.nodejs;
in
{
  options.capsule.nodejs = {
    enable = lib.mkEnableOption "npm with global installs below the home";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.nodejs
        pkgs.pnpm
        pkgs.yarn
      ];
      defaultText = lib.literalExpression "[ pkgs.nodejs pkgs.pnpm pkgs.yarn ]";
      description = "What is installed for everyone on the machine.";
    };

    globalFolder = lib.mkOption {
      type = lib.types.strMatching "[A-Za-z0-9._/-]+";
      default = ".npm-global";
      description = "The folder below the home for `npm install -g`; its `bin` is on the PATH.";
    };

    prebuiltBinaries = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether programs that npm downloads ready-made, such as esbuild or a browser for
        tests, run. They look for the loader of an ordinary Linux, which nix-ld is.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    programs.npm.enable = true;
    programs.npm.npmrc = ''
      prefix = ''${HOME}/${cfg.globalFolder}
    '';

    environment.extraInit = ''
      export PATH="$PATH:$HOME/${cfg.globalFolder}/bin"
    '';

    programs.nix-ld.enable = lib.mkIf cfg.prebuiltBinaries true;
  };
}

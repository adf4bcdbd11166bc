# Go for everyone on the machine: what `go install` builds is on the PATH, and modules
# of one's own are not asked for in public.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.golang;
in
{
  options.capsule.golang = {
    enable = lib.mkEnableOption "Go for everyone on the machine";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.delve
        pkgs.go
        pkgs.gopls
      ];
      defaultText = lib.literalExpression "[ pkgs.delve pkgs.go pkgs.gopls ]";
      description = "What is installed for everyone on the machine.";
    };

    privateModules = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "git.example.org/*" ];
      description = ''
        Modules that are fetched from where they are, without the public mirror and the
        public checksum database, which would learn their names.
      '';
    };

    downloadToolchains = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether go may download another Go when a project asks for a newer one. Otherwise
        it says so, and the one that is installed is the only one.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    environment.variables.GOTOOLCHAIN = lib.mkDefault (
      if cfg.downloadToolchains then "auto" else "local"
    );
    environment.variables.GOPRIVATE = lib.mkIf (cfg.privateModules != [ ]) (
      lib.concatStringsSep "," cfg.privateModules
    );

    environment.extraInit = ''
      export PATH="$PATH:''${GOPATH:-$HOME/go}/bin"
    '';
  };
}

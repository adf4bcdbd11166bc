# Python as one finds it elsewhere: wheels from a package index carry compiled code
# that looks for the loader of an ordinary Linux, which NixOS does not have.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.python;
in
{
  options.capsule.python = {
    enable = lib.mkEnableOption "running Python wheels and interpreters built elsewhere";

    libraries = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.stdenv.cc.cc.lib
        pkgs.zlib
      ];
      defaultText = lib.literalExpression "[ pkgs.stdenv.cc.cc.lib pkgs.zlib ]";
      example = lib.literalExpression "[ pkgs.stdenv.cc.cc.lib pkgs.zlib pkgs.libGL ]";
      description = "Shared libraries that such wheels find.";
    };
  };

  config = lib.mkIf cfg.enable {
    programs.nix-ld.enable = true;
    programs.nix-ld.libraries = cfg.libraries;

    # pip leaves the interpreter in the Nix store alone; a virtual environment is the place.
    environment.variables.PIP_REQUIRE_VIRTUALENV = lib.mkDefault "true";
  };
}

# Python as one finds it elsewhere: wheels from a package index carry compiled code
# that looks for the loader of an ordinary Linux, which NixOS does not have. And one
# interpreter with the libraries of all: two would hide one another.
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
    enable = lib.mkEnableOption "Python, and running wheels and interpreters built elsewhere";

    interpreter = lib.mkOption {
      type = lib.types.package;
      default = pkgs.python3;
      defaultText = lib.literalExpression "pkgs.python3";
      example = lib.literalExpression "pkgs.python312";
      description = "Which Python.";
    };

    pythonPackages = lib.mkOption {
      type = lib.types.functionTo (lib.types.listOf lib.types.package);
      default = _: [ ];
      defaultText = lib.literalExpression "_: [ ]";
      example = lib.literalExpression "ps: [ ps.requests ]";
      description = ''
        Libraries in the interpreter, besides black, pip, pylint and virtualenv. Several
        modules may each name some: all are in the one interpreter.
      '';
    };

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [ pkgs.uv ];
      defaultText = lib.literalExpression "[ pkgs.uv ]";
      description = "What is installed for everyone beside the interpreter.";
    };

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
    capsule.python.pythonPackages = ps: [
      ps.black
      ps.pip
      ps.pylint
      ps.virtualenv
    ];
    environment.systemPackages = [
      (cfg.interpreter.withPackages cfg.pythonPackages)
    ]
    ++ cfg.packages;

    programs.nix-ld.enable = true;
    programs.nix-ld.libraries = cfg.libraries;

    # pip leaves the interpreter in the Nix store alone; a virtual environment is the place.
    environment.variables.PIP_REQUIRE_VIRTUALENV = lib.mkDefault "true";
  };
}

# Rust needs two things that an ordinary Linux has lying around: a linker, and, for the
# language server, the sources of the standard library.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.rust;
in
{
  options.capsule.rust = {
    enable = lib.mkEnableOption "a linker for cargo and the sources of Rust's standard library";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.cargo
        pkgs.clippy
        pkgs.rust-analyzer
        pkgs.rustc
        pkgs.rustfmt
      ];
      defaultText = lib.literalExpression ''
        [ pkgs.cargo pkgs.clippy pkgs.rust-analyzer pkgs.rustc pkgs.rustfmt ]
      '';
      description = "What is installed for everyone on the machine.";
    };

    linker = lib.mkOption {
      type = lib.types.nullOr lib.types.package;
      default = pkgs.gcc;
      defaultText = lib.literalExpression "pkgs.gcc";
      example = lib.literalExpression "pkgs.clang";
      description = "What brings `cc`, with which cargo links. Null when a project brings its own.";
    };

    standardLibrarySource = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether rust-analyzer finds the sources of the standard library.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages ++ lib.optional (cfg.linker != null) cfg.linker;

    environment.variables.RUST_SRC_PATH = lib.mkIf cfg.standardLibrarySource (
      lib.mkDefault "${pkgs.rustPlatform.rustLibSrc}"
    );

    # What `cargo install` builds.
    environment.extraInit = ''
      export PATH="$PATH:''${CARGO_HOME:-$HOME/.cargo}/bin"
    '';
  };
}

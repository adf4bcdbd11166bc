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
    environment.systemPackages = lib.mkIf (cfg.linker != null) [ cfg.linker ];

    environment.variables.RUST_SRC_PATH = lib.mkIf cfg.standardLibrarySource (
      lib.mkDefault "${pkgs.rustPlatform.rustLibSrc}"
    );

    # What `cargo install` builds.
    environment.extraInit = ''
      export PATH="$PATH:''${CARGO_HOME:-$HOME/.cargo}/bin"
    '';
  };
}

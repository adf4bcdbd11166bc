# VS Code in the browser, on loopback. It makes its password itself when it first starts, in
# its own home: one in this file would be readable by everyone on the machine.
{
  config,
  lib,
  ...
}:
let
  cfg = config.capsule.code-server;
in
{
  options.capsule.code-server = {
    enable = lib.mkEnableOption "VS Code in the browser, on loopback";

    port = lib.mkOption {
      type = lib.types.port;
      default = 4444;
      description = "The port on loopback.";
    };

    user = lib.mkOption {
      type = lib.types.str;
      default = "code-server";
      example = "alice";
      description = "As whom it runs, and whose files it edits. Whoever has the password is that user.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.code-server = {
      enable = true;
      host = "127.0.0.1";
      port = cfg.port;
      auth = "password";
      user = cfg.user;
      disableTelemetry = true;
      disableUpdateCheck = true;
    };
  };
}

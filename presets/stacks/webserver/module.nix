# nginx. Without a domain it answers on port 80 that it runs; with one it serves
# that domain over TLS, with a certificate that it obtains and renews by itself.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.webserver;

  answer = {
    extraConfig = "default_type text/plain;";
    return = ''200 "nginx is running\n"'';
  };

  content =
    if cfg.proxyTo != null then
      {
        proxyPass = cfg.proxyTo;
        proxyWebsockets = true;
      }
    else if cfg.root != null then
      { inherit (cfg) root; }
    else
      answer;
in
{
  options.capsule.webserver = {
    enable = lib.mkEnableOption "nginx with recommended settings";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [ pkgs.nginx ];
      defaultText = lib.literalExpression "[ pkgs.nginx ]";
      description = "What is installed for everyone on the machine.";
    };

    domain = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "www.example.org";
      description = "The name under which the site is reached. It turns on TLS, and needs `email`.";
    };

    email = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "admin@example.org";
      description = ''
        Where the certificate authority writes when a certificate is about to end.
        Setting it accepts the authority's terms of service.
      '';
    };

    root = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/var/www";
      description = "A folder whose files are served.";
    };

    proxyTo = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "http://127.0.0.1:8000";
      description = "A server to which every request is passed, WebSockets included.";
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether ports 80 and 443 are opened.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    assertions = [
      {
        assertion = cfg.domain == null || cfg.email != null;
        message = "capsule.webserver.domain needs capsule.webserver.email: a certificate is issued to someone";
      }
      {
        assertion = cfg.root == null || cfg.proxyTo == null;
        message = "capsule.webserver: set root or proxyTo, not both";
      }
    ];

    services.nginx = {
      enable = true;
      recommendedGzipSettings = true;
      recommendedOptimisation = true;
      recommendedProxySettings = true;
      recommendedTlsSettings = true;
      virtualHosts =
        if cfg.domain == null then
          {
            "_" = {
              default = true;
              locations."/" = content;
            };
          }
        else
          {
            ${cfg.domain} = {
              enableACME = true;
              forceSSL = true;
              locations."/" = content;
            };
            # Whoever asks for another name is not served the site.
            "_" = {
              default = true;
              rejectSSL = true;
              locations."/".return = "404";
            };
          };
    };

    security.acme = lib.mkIf (cfg.domain != null) {
      acceptTerms = true;
      defaults.email = cfg.email;
    };

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [
      80
      443
    ];
  };
}

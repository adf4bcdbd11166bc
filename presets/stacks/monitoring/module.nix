# Prometheus, the node exporter and Grafana, all on loopback: an SSH tunnel, or a
# proxy with a login, is the way to them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.monitoring;
  loopback = "127.0.0.1";
  secretsFolder = "/var/lib/capsule-grafana";
  prometheusAddress = "${loopback}:${toString cfg.prometheusPort}";
  nodeAddress = "${loopback}:${toString cfg.nodeExporterPort}";

  fileOr =
    file: name: if file != null then "$__file{${file}}" else "$__file{${secretsFolder}/${name}}";

  port =
    number: text:
    lib.mkOption {
      type = lib.types.port;
      default = number;
      description = "The port on loopback of ${text}.";
    };

  secretFile =
    text:
    lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/run/secrets/grafana";
      description = ''
        File, as a string so that it stays out of the Nix store, with ${text}. Null makes
        a random one on the machine when Grafana first starts.
      '';
    };
in
{
  options.capsule.monitoring = {
    enable = lib.mkEnableOption "Prometheus, the node exporter and Grafana on loopback";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.btop
        pkgs.prometheus.cli
      ];
      defaultText = lib.literalExpression "[ pkgs.btop pkgs.prometheus.cli ]";
      description = "What is installed for everyone on the machine.";
    };

    prometheusPort = port 9090 "Prometheus";
    nodeExporterPort = port 9100 "the node exporter";
    grafanaPort = port 3000 "Grafana";

    retention = lib.mkOption {
      type = lib.types.str;
      default = "30d";
      description = "For how long Prometheus keeps what it measured.";
    };

    scrapeInterval = lib.mkOption {
      type = lib.types.str;
      default = "15s";
      description = "How often Prometheus measures.";
    };

    secretKeyFile = secretFile "the key that encrypts what Grafana stores";
    adminPasswordFile = secretFile "the first password of Grafana's user admin";
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    services.prometheus = {
      enable = true;
      listenAddress = loopback;
      port = cfg.prometheusPort;
      retentionTime = cfg.retention;
      globalConfig.scrape_interval = cfg.scrapeInterval;
      exporters.node = {
        enable = true;
        listenAddress = loopback;
        port = cfg.nodeExporterPort;
        enabledCollectors = [ "systemd" ];
      };
      scrapeConfigs = [
        {
          job_name = "node";
          static_configs = [ { targets = [ nodeAddress ]; } ];
        }
        {
          job_name = "prometheus";
          static_configs = [ { targets = [ prometheusAddress ]; } ];
        }
      ];
    };

    services.grafana = {
      enable = true;
      settings = {
        server.http_addr = loopback;
        server.http_port = cfg.grafanaPort;
        security.secret_key = fileOr cfg.secretKeyFile "secret_key";
        security.admin_password = fileOr cfg.adminPasswordFile "admin_password";
        users.allow_sign_up = false;
        analytics.reporting_enabled = false;
      };
      provision.enable = true;
      provision.datasources.settings.datasources = [
        {
          name = "Prometheus";
          type = "prometheus";
          uid = "prometheus";
          access = "proxy";
          url = "http://${prometheusAddress}";
          isDefault = true;
        }
      ];
    };

    # Made once, on the machine, and readable by Grafana alone. Should this fail, Grafana
    # does not start and everything else does.
    systemd.services.capsule-grafana-secrets = {
      description = "First secrets of Grafana";
      requiredBy = [ "grafana.service" ];
      before = [ "grafana.service" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        User = "grafana";
        Group = "grafana";
        StateDirectory = "capsule-grafana";
        StateDirectoryMode = "0700";
        UMask = "0077";
      };
      # The rename comes last: a power cut leaves either no secret or a whole one.
      script = ''
        for name in secret_key admin_password; do
          if [ ! -s "$STATE_DIRECTORY/$name" ]; then
            head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$STATE_DIRECTORY/$name.new"
            mv "$STATE_DIRECTORY/$name.new" "$STATE_DIRECTORY/$name"
          fi
        done
      '';
    };
  };
}

# A machine on the open net: the firewall on, an sshd that answers keys only and
# gives up early, and whoever guesses is shut out for longer each time.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.security;
in
{
  options.capsule.security = {
    enable = lib.mkEnableOption "the firewall, a hardened sshd and fail2ban";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [
        pkgs.age
        pkgs.gnupg
        pkgs.lynis
        pkgs.nmap
      ];
      defaultText = lib.literalExpression "[ pkgs.age pkgs.gnupg pkgs.lynis pkgs.nmap ]";
      description = "What is installed for everyone on the machine.";
    };

    hardenSsh = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether sshd refuses passwords, forwarding of displays, and slow or repeated tries.";
    };

    trustedAddresses = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [
        "203.0.113.7"
        "2001:db8::/32"
      ];
      description = "Addresses that fail2ban never shuts out: put yours here.";
    };

    maxRetries = lib.mkOption {
      type = lib.types.ints.positive;
      default = 5;
      description = "How many failed logins within ten minutes shut an address out.";
    };

    banTime = lib.mkOption {
      type = lib.types.str;
      default = "1h";
      example = "1d";
      description = "For how long the first time; it doubles with each further time, up to a week.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    networking.firewall.enable = true;

    services.openssh.settings = lib.mkIf cfg.hardenSsh {
      # Defaults, so that access.nix, or you, have the last word.
      PasswordAuthentication = lib.mkDefault false;
      KbdInteractiveAuthentication = lib.mkDefault false;
      PermitRootLogin = lib.mkDefault "prohibit-password";
      X11Forwarding = lib.mkDefault false;
      MaxAuthTries = lib.mkDefault 4;
      LoginGraceTime = lib.mkDefault 30;
      # fail2ban reads the key's fingerprint and the address from these lines.
      LogLevel = lib.mkDefault "VERBOSE";
    };

    services.fail2ban = {
      enable = true;
      maxretry = cfg.maxRetries;
      bantime = cfg.banTime;
      bantime-increment.enable = true;
      bantime-increment.maxtime = "168h";
      ignoreIP = cfg.trustedAddresses;
    };

    boot.kernel.sysctl = {
      # Messages and addresses of the kernel are nobody's business but root's.
      "kernel.dmesg_restrict" = 1;
      "kernel.kptr_restrict" = lib.mkOverride 900 2;
      # No router may tell this machine to send its packets elsewhere.
      "net.ipv4.conf.all.accept_redirects" = 0;
      "net.ipv4.conf.default.accept_redirects" = 0;
      "net.ipv6.conf.all.accept_redirects" = 0;
      "net.ipv6.conf.default.accept_redirects" = 0;
    };
  };
}

# What one evaluated NixOS system says of how it is reached and started: `describe host system`.
#
# Plain values only, as raw as they are: to read them is the part of describe.py. What a release
# does not have, and what throws when it is looked at, is null or empty.
host: system:
let
  inherit (system) config;
  options = system.options or { };

  # `at "a.b" other set`: an option where each step may be missing, may be null, or may throw.
  # `whole` looks at the outside alone: of a package, or of a set of many options.
  at = reached (value: builtins.deepSeq value value);
  whole = reached (value: value);
  reached =
    seen: path: other: set:
    let
      step = found: name: if builtins.isAttrs found && found ? ${name} then found.${name} else null;
      names = builtins.filter builtins.isString (builtins.split "\\." path);
      got = builtins.tryEval (seen (builtins.foldl' step set names));
    in
    if got.success && got.value != null then got.value else other;

  text = value: if value == null then null else builtins.unsafeDiscardStringContext (toString value);
  texts = values: map text (if builtins.isList values then values else [ values ]);
  textsAt = path: set: texts (at path [ ] set);

  ssh = whole "services.openssh" { } config;
  settings = whole "settings" { } ssh;
  firewall = whole "networking.firewall" { } config;
  sudo =
    if at "security.sudo-rs.enable" false config then
      config.security.sudo-rs
    else
      whole "security.sudo" { } config;

  open = from: {
    ports = at "allowedTCPPorts" [ ] from;
    ranges = map (range: {
      first = range.from;
      last = range.to;
    }) (at "allowedTCPPortRanges" [ ] from);
  };

  users = whole "users.users" { } config;
  groups = whole "users.groups" { } config;
  account = name: user: {
    keys = textsAt "openssh.authorizedKeys.keys" user;
    has_key_files = at "openssh.authorizedKeys.keyFiles" [ ] user != [ ];
    groups =
      textsAt "group" user
      ++ textsAt "extraGroups" user
      ++ builtins.filter (group: builtins.elem name (textsAt "members" groups.${group})) (
        builtins.attrNames groups
      );
  };
  rule = one: {
    who =
      textsAt "users" one
      ++ map (group: if builtins.isInt group then "%#${toString group}" else "%${group}") (
        at "groups" [ ] one
      );
    # Whether each thing that it lets do is everything, and without a password.
    commands = map (
      command:
      if builtins.isString command then
        {
          inherit command;
          options = [ ];
        }
      else
        {
          command = at "command" "" command;
          options = textsAt "options" command;
        }
    ) (at "commands" [ ] one);
  };

  loaders = builtins.filter (name: at "boot.loader.${name}.enable" false config) [
    "systemd-boot"
    "limine"
    "refind"
    "generic-extlinux-compatible"
    "raspberryPi"
    "external"
    "grub"
  ];
  inContainer = at "boot.isContainer" false config;
  kernel = whole "boot.kernelPackages.kernel" { } config;

  addresses = version: interface: map (one: "${one.address}/${toString one.prefixLength}") (
    at "${version}.addresses" [ ] interface
  );
  interfaces = whole "networking.interfaces" { } config;
  hasNetworkd = at "systemd.network.enable" false config;
  networks = if hasNetworkd then whole "systemd.network.networks" { } config else { };
  # Releases before 24.11 name what a section holds: `routeConfig`, `addressConfig`.
  section = name: list: map (one: at name one one) list;
  network = name: one: {
    inherit name;
    match = {
      name = at "matchConfig.Name" null one;
      mac = at "matchConfig.MACAddress" null one;
    };
    dhcp = [
      (at "DHCP" "no" one)
      (at "networkConfig.DHCP" "no" one)
    ];
    addresses =
      textsAt "address" one
      ++ textsAt "networkConfig.Address" one
      ++ builtins.concatMap (textsAt "Address") (section "addressConfig" (at "addresses" [ ] one));
    gateways = textsAt "gateway" one ++ textsAt "networkConfig.Gateway" one;
    routes = map (route: {
      to = at "Destination" null route;
      gateway = at "Gateway" null route;
    }) (section "routeConfig" (at "routes" [ ] one));
  };
  gateway =
    path:
    let
      found = at path null config;
    in
    if builtins.isAttrs found then textsAt "address" found else textsAt path config;
in
{
  inherit host;
  hostname = at "networking.hostName" host config;
  system = at "pkgs.stdenv.hostPlatform.system" (at "config.nixpkgs.hostPlatform.system" (
    at "config.nixpkgs.system" "" system
  ) system) system;
  release = at "system.nixos.release" "" config;
  state_version = at "system.stateVersion" "" config;
  # What nobody set has the default of an option.
  state_version_set = at "system.stateVersion.highestPrio" 100 options < 1500;

  ssh = {
    enabled = at "enable" false ssh;
    ports = at "ports" [ 22 ] ssh;
    listen_addresses = map (one: {
      address = text (at "addr" "" one);
      port = at "port" null one;
    }) (at "listenAddresses" [ ] ssh);
    permit_root_login = text (
      at "PermitRootLogin" (at "permitRootLogin" "prohibit-password" ssh) settings
    );
    allow_users = at "AllowUsers" null settings;
    deny_users = at "DenyUsers" [ ] settings;
    allow_groups = at "AllowGroups" null settings;
    authorized_keys_in_homedir = at "authorizedKeysInHomedir" true ssh;
    extra = text (at "extraConfig" "" ssh);
  };

  firewall_enabled = at "enable" false firewall;
  open_everywhere = open firewall;
  open_on = builtins.mapAttrs (_: open) (whole "interfaces" { } firewall);
  trusted_interfaces = textsAt "trustedInterfaces" firewall;

  accounts = builtins.mapAttrs account (
    builtins.removeAttrs users (
      builtins.filter (name: !(at "enable" true users.${name})) (builtins.attrNames users)
    )
  );
  mutable_users = at "users.mutableUsers" true config;
  sudo = {
    enabled = at "enable" false sudo;
    wheel_needs_password = at "wheelNeedsPassword" true sudo;
    wheel_only = at "execWheelOnly" false sudo;
    rules = map rule (at "extraRules" [ ] sudo);
    extra = text (at "extraConfig" "" sudo);
  };

  root_device = text (at "device" null ((whole "fileSystems" { } config)."/" or { }));
  boot_loader =
    if inContainer then
      "container"
    else if at "boot.lanzaboote.enable" false config then
      "lanzaboote"
    else if loaders == [ ] then
      null
    else
      builtins.head loaders;
  grub_devices =
    textsAt "boot.loader.grub.devices" config
    ++ builtins.concatMap (textsAt "devices") (at "boot.loader.grub.mirroredBoots" [ ] config);

  network = {
    use_dhcp = at "networking.useDHCP" false config;
    network_manager = at "networking.networkmanager.enable" false config;
    predictable_names = at "networking.usePredictableInterfaceNames" null config;
    interfaces = builtins.mapAttrs (_: interface: {
      dhcp = at "useDHCP" false interface;
      addresses = addresses "ipv4" interface ++ addresses "ipv6" interface;
    }) interfaces;
    gateways = gateway "networking.defaultGateway" ++ gateway "networking.defaultGateway6";
    networks = builtins.attrValues (builtins.mapAttrs network networks);
  };

  fail2ban = at "services.fail2ban.enable" false config;
  fail2ban_ignored = textsAt "services.fail2ban.ignoreIP" config;
  inhibitors = builtins.mapAttrs (_: text) (at "system.switch.inhibitors" { } config);
  kernel_version =
    if inContainer then null else text (at "modDirVersion" (at "version" null kernel) kernel);
  guarded = (whole "systemd.services" { } config) ? capsule-guard;
  failed = map (one: text one.message) (
    builtins.filter (one: !one.assertion) (config.assertions or [ ])
  );
}

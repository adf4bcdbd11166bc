"""The command tree: one table of words, each loaded only when it is used."""

from capsule_cli.nodes import Node

MONITOR = Node(
    "Watch the fleet: health, metrics, alerts.",
    children={
        "status": Node(
            "How the fleet is, by what was seen last; the worst first.", "monitor_status:status"
        ),
        "watch": Node(
            "The fleet live: the worst first, filters, one xNode in detail.", "monitor_watch:watch"
        ),
        "health": Node("Last known health of an xNode, or a fresh check.", "monitor:health"),
        "metrics": Node("Last known metrics of an xNode, or fresh ones.", "monitor:metrics"),
        "check": Node(
            "Look at the fleet once; 10 when an alert is firing afterwards.", "monitor_run:check"
        ),
        "run": Node(
            "Collect in the foreground, until it is stopped; SIGHUP reads the settings anew.",
            "monitor_run:run",
        ),
        "config": Node(
            "How the fleet is watched, and on which channels people are told.",
            "monitor_config:config",
        ),
        "outbox": Node(
            "Messages that wait to be sent, and those that were given up.", "monitor_outbox:outbox"
        ),
        "remediations": Node(
            "What was done about alerts by itself, what was not, and why; the newest last.",
            "monitor_remediations:remediations",
        ),
        "install": Node(
            "Have systemd run the collector: a service of yours, of the system, or of NixOS.",
            "monitor_install:install",
        ),
        "alerts": Node("The alerts there are, the worst first.", "monitor_alerts:alerts"),
        "ack": Node("Take an alert on: it is not repeated any more.", "monitor_alerts:ack"),
        "resolve": Node(
            "Close an alert; what still holds fires anew after its time.", "monitor_alerts:resolve"
        ),
        "silence": Node(
            "Silences: what nobody is told of for a while.",
            children={
                "add": Node(
                    "Tell nobody of some alerts for a while; they are kept and shown all the same.",
                    "monitor_silence:add",
                ),
                "list": Node("The silences that go on.", "monitor_silence:rows"),
                "remove": Node("End a silence now.", "monitor_silence:remove"),
            },
        ),
    },
)
INVENTORY = Node(
    "The inventory of xNodes: listed, changed by hand, sent, compared with the clouds.",
    "xnodes:inventory",
    children={
        "add": Node("Take in a server that Capsule did not rent.", "inventory:add"),
        "remove": Node("Forget an xNode; its server goes on, and is billed.", "inventory:remove"),
        "export": Node("Write the inventory as CSV or JSON.", "inventory_files:export"),
        "import": Node(
            "Take xNodes in from a file: all of them, or none.", "inventory_files:take_in"
        ),
        "history": Node("Every change in the inventory: who, when and what.", "inventory:history"),
        "stats": Node(
            "The inventory in figures: counts, the dearest, the oldest, what all of it came to.",
            "inventory_clouds:stats",
        ),
        "sync": Node(
            "Bring the inventory to what the clouds say, after showing where they differ.",
            "inventory_clouds:sync",
        ),
    },
)
BUDGET = Node(
    "What may be spent in a month.",
    children={
        "set": Node(
            "Set what may be spent in a month: of all, of a tag, or at a cloud.", "budget:put"
        ),
        "show": Node("The budgets, and how far each is used.", "budget:show"),
        "remove": Node("Take a budget away.", "budget:remove"),
    },
)
OPENMESH = Node(
    "xNodes on the clouds: prices, renting, inventory, cost.",
    "openmesh:openmesh",
    children={
        "templates": Node("What the clouds sell, cheapest first.", "templates:templates"),
        "configure": Node("Whose xNodes these are, and their defaults.", "openmesh:configure"),
        "providers": Node("The clouds, and which are configured.", "provider:providers"),
        "provider": Node(
            "One cloud: its key, its account, its templates.",
            children={
                "configure": Node(
                    "Set a cloud's key, tried before it is kept.", "provider:configure"
                ),
                "check": Node("Whether a cloud lets us in, and far enough.", "provider:check"),
                "templates": Node(
                    "The templates of a cloud, from the offline catalogue.", "templates:of_provider"
                ),
            },
        ),
        "regions": Node(
            "The regions of the clouds, and other words for them.", "templates:regions"
        ),
        "deploy": Node("Rent the cheapest server that fits.", "deploy:deploy"),
        "deployments": Node("The journal of deployments.", "deployments:deployments"),
        "reconcile": Node(
            "Every server in every account, beside what the books say.", "reconcile:reconcile"
        ),
        "reap": Node("End what has expired, whichever Capsule rented it.", "reap:reap"),
        "xnodes": Node("The xNodes that Capsule looks after.", "xnodes:xnodes"),
        "xnode": Node(
            "One xNode's life.",
            children={
                "deploy": Node("Rent a template that you chose yourself.", "by_hand:by_hand"),
                "deploy-with-provider": Node(
                    "Rent a template of a cloud, both chosen by yourself.", "by_hand:with_provider"
                ),
                "browse": Node(
                    "Look through the templates, pick one, and rent it.", "browse:browse"
                ),
                "show": Node("All that is known of an xNode.", "xnode:show"),
                "launch": Node("Switch xNodes on.", "power:launch"),
                "stop": Node(
                    "Shut xNodes down; what they go on costing is said first.", "power:stop"
                ),
                "restart": Node("Reboot xNodes.", "power:restart"),
                "terminate": Node("End xNodes for good.", "power:terminate"),
                "manage": Node(
                    "One xNode on a screen of its own: its state, metrics, cost, and what to do "
                    "with it.",
                    "manage:manage",
                ),
                "ssh": Node(
                    "Log in to an xNode with your own ssh, or run a command there.", "ssh:ssh"
                ),
                "tunnel": Node(
                    "Lead a port of this machine to a port of an xNode, through SSH.",
                    "tunnel:tunnel",
                ),
                "tag": Node(
                    "Change tags: NAME +a adds, NAME -b takes away, NAME a,b sets.",
                    "marks:tag",
                    dashes=True,
                ),
                "protect": Node("Let nobody end xNodes by mistake.", "marks:protect"),
                "ttl": Node(
                    "Say when xNodes may be ended, by any Capsule.", "marks:ttl", dashes=True
                ),
            },
        ),
        "inventory": INVENTORY,
        "cost-report": Node("What the fleet costs, by currency.", "cost:cost_report"),
        "forecast": Node("What this month and the next will come to.", "cost:forecast"),
        "budget": BUDGET,
        "advice": Node("The cheapest equivalent now, and what is idle.", "advice:advice"),
        "monitor": MONITOR,
    },
)
NIXOS = Node(
    "Whole NixOS configurations.",
    children={
        "generate": Node("Write a NixOS configuration from a profile.", "nixos:generate"),
        "why": Node("Which stack, profile or flag sets an option.", "nixos_why:why"),
        "validate": Node(
            "Check a NixOS configuration as far as this machine can.", "nixos_check:validate"
        ),
        "test": Node(
            "Boot a NixOS configuration in a virtual machine, and check its services.",
            "nixos_check:try_out",
        ),
        "apply": Node(
            "Switch a machine to a NixOS configuration; it goes back by itself unless it is"
            " reached.",
            "nixos_apply:apply",
        ),
        "rollback": Node(
            "Make an earlier generation of a machine its system again, by the same trial.",
            "nixos_apply:rollback",
        ),
        "install": Node(
            "Put NixOS on a machine over SSH, in the stead of what is on it.",
            "nixos_install:install",
        ),
        "list-generations": Node(
            "The generations of a NixOS: which is the profile's, which runs, which was booted.",
            "nixos_generations:list_generations",
        ),
        "diff": Node(
            "What tells two systems of a machine apart: packages, versions, sizes.",
            "nixos_generations:diff",
        ),
    },
)
SANDBOX = Node(
    "The rehearsal cloud, on loopback.",
    children={
        "up": Node("Start the rehearsal cloud in the background.", "sandbox:up"),
        "down": Node("End the rehearsal cloud; what it holds stays.", "sandbox:down"),
        "status": Node("Whether the rehearsal cloud runs.", "sandbox:status"),
    },
)
PROFILE = Node(
    "Profiles: chosen, made, copied, sent, compared, deleted.",
    children={
        "use": Node("Make a profile the active one.", "profile:use"),
        "show": Node(
            "What a profile itself says; `capsule show` resolves it.", "profile_files:show"
        ),
        "new": Node("Make a profile of your own.", "profile_files:new"),
        "create": Node("Make a profile of your own.", "profile_files:new"),
        "copy": Node("Copy a profile.", "profile_files:copy"),
        "import": Node(
            "Make a profile from a file, or from a built-in one.", "profile_files:take_in"
        ),
        "export": Node(
            "Write a profile as YAML that `profile import` reads.", "profile_files:export"
        ),
        "diff": Node("What tells two profiles apart, both resolved.", "profile_files:diff"),
        "delete": Node("Delete a profile of your own.", "profile_files:delete"),
    },
)
PKG = Node(
    "Single packages, beside those that stacks bring.",
    children={
        "add": Node("Add packages to the active profile.", "package:add"),
        "remove": Node("Remove packages from the active profile.", "package:remove"),
        "list": Node("The packages of the active profile.", "package:rows"),
        "search": Node("Search the index of packages.", "package:search"),
        "index": Node("Build the index of packages and options with Nix.", "package:index"),
    },
)
ROOT = Node(
    "From what you want on a machine to a fleet of NixOS servers.",
    "home:home",
    children={
        "show": Node("The active profile, resolved.", "profile:show"),
        "stacks": Node("The stacks there are, and which are active.", "profile:stacks"),
        "add": Node("Add stacks to the active profile.", "profile:add"),
        "remove": Node("Remove stacks from the active profile.", "profile:remove"),
        "profiles": Node("The profiles there are.", "profile:profiles"),
        "profile": PROFILE,
        "pkg": PKG,
        "sprouts": Node("The quick-install recipes there are.", "sprout:sprouts"),
        "sprout": Node("Add one tool, whole, to the active profile.", "sprout:sprout"),
        "edit": Node("Edit the active profile in your own editor.", "edit:edit"),
        "reset": Node("Go back to the defaults, after a backup.", "edit:reset"),
        "preview": Node("The Nix that the active profile comes to.", "preview:preview"),
        "setup": Node("Install the active profile on this machine.", "setup:setup"),
        "check": Node(
            "Look whether the active profile would install, and what that would change.",
            "setup:check",
        ),
        "list": Node(
            "Each package of the active profile: wanted, installed, version.",
            "generations:installed",
        ),
        "generations": Node("Each state that your packages had.", "generations:generations"),
        "rollback": Node(
            "Go back to an earlier generation of your packages.", "generations:rollback"
        ),
        "docs": Node("The profile as one page to read, in HTML.", "docs:docs"),
        "backup": Node("Save what Capsule knows into one archive.", "backup:backup"),
        "restore": Node("Bring back what a backup holds.", "backup:restore"),
        "plant": Node("Put a profile on another machine over SSH.", "plant:plant"),
        "bootstrap": Node("Install Nix, showing each step first.", "bootstrap:bootstrap"),
        "update": Node("Update this Capsule, or say how that is done.", "update:update"),
        "doctor": Node("What is wrong here, and what to do about it.", "doctor:doctor"),
        "nixos": NIXOS,
        "openmesh": OPENMESH,
        "demo": Node("The whole journey in the rehearsal cloud, under a minute.", "demo:demo"),
        "sandbox": SANDBOX,
    },
)

{
  description = "Capsule: from what you want on a machine to a fleet of NixOS servers";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      # Users' machines: Linux and macOS. nixpkgs builds nothing for Intel Macs any more.
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});

      # The version stands in the code, once.
      version =
        let
          source = builtins.readFile ./src/capsule_cli/__init__.py;
        in
        builtins.head (builtins.match ".*__version__ = \"([^\"]+)\".*" source);

      dependencies =
        python: with python; [
          typer
          rich
          pydantic
          httpx
          tenacity
          boto3
          asyncssh
          jinja2
          pyyaml
        ];

      forTests =
        python: with python; [
          hatchling
          hypothesis
          libcloud
          linode-api
          moto
          mypy
          openapi-core
          packaging
          pydo
          pytest
          pytest-xdist
          types-pyyaml
        ];

      # What tests talk to, and what checks the scripts.
      programs =
        pkgs:
        [
          pkgs.nix
          pkgs.openssh
          pkgs.ruff
          pkgs.shellcheck
          pkgs.tmux
        ]
        ++ pkgs.lib.optional pkgs.stdenv.isLinux pkgs.bubblewrap;
    in
    {
      packages = forEach (pkgs: {
        default = pkgs.python3Packages.buildPythonApplication {
          pname = "capsule-xnode";
          inherit version;
          pyproject = true;
          src = self;
          build-system = [ pkgs.python3Packages.hatchling ];
          dependencies = dependencies pkgs.python3Packages;
          pythonImportsCheck = [
            "capsule_domain"
            "capsule_adapters"
            "capsule_cli"
          ];
          meta = {
            description = "Rents, configures and watches NixOS servers";
            license = pkgs.lib.licenses.mit;
            mainProgram = "capsule";
          };
        };
      });

      # check.sh makes its own environment from the lock; here everything comes from nixpkgs, and
      # the checks are run one by one: ruff check, mypy, pytest. nixpkgs has no import-linter:
      # tests/architecture/test_shape.py skips its contracts here, check.sh holds them.
      devShells = forEach (pkgs: {
        default = pkgs.mkShell {
          packages = [
            (pkgs.python3.withPackages (python: dependencies python ++ forTests python))
          ]
          ++ programs pkgs;
          shellHook = ''
            export PYTHONPATH="$PWD/src''${PYTHONPATH:+:$PYTHONPATH}"
          '';
        };
      });

      checks = forEach (pkgs: {
        package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
        starts =
          pkgs.runCommand "capsule-starts"
            {
              nativeBuildInputs = [ self.packages.${pkgs.stdenv.hostPlatform.system}.default ];
            }
            ''
              export HOME="$TMPDIR"
              capsule --version | grep -F "capsule ${version}"
              capsule stacks --json > "$out"
            '';
        types =
          pkgs.runCommand "capsule-types"
            {
              nativeBuildInputs = [
                (pkgs.python3.withPackages (python: dependencies python ++ forTests python))
              ];
            }
            ''
              cd ${self}
              mypy --cache-dir="$TMPDIR" src
              touch "$out"
            '';
      });

      formatter = forEach (pkgs: pkgs.nixfmt);
    };
}

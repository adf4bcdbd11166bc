# NVIDIA's driver, and packages built for it. Most of it is not free software, and this
# module accepts no licence for you: configuration.nix does, by the names listed here.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.capsule.cuda;
in
{
  options.capsule.cuda = {
    enable = lib.mkEnableOption "NVIDIA's driver and packages built for CUDA";

    packages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [ pkgs.cudaPackages.cudatoolkit ];
      defaultText = lib.literalExpression "[ pkgs.cudaPackages.cudatoolkit ]";
      description = "What is installed for everyone on the machine.";
    };

    open = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether the kernel's part of the driver is NVIDIA's open one: for Turing (2018) and
        everything newer. Older ones need `false` and a `driver` that still knows them.
      '';
    };

    driver = lib.mkOption {
      type = lib.types.nullOr lib.types.package;
      default = null;
      example = lib.literalExpression "config.boot.kernelPackages.nvidiaPackages.legacy_580";
      description = "Which driver; null is the stable one of this NixOS.";
    };

    buildPackagesForCuda = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether every package that can use CUDA is built for it. NixOS' own binary cache
        does not have those: without another cache they are compiled, for hours.
      '';
    };

    containers = lib.mkOption {
      type = lib.types.bool;
      default = config.virtualisation.docker.enable;
      defaultText = lib.literalExpression "config.virtualisation.docker.enable";
      description = "Whether containers may use the graphics units: `docker run --device nvidia.com/gpu=all`.";
    };

    unfreePackages = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [
        "cuda-merged"
        "cuda_cccl"
        "cuda_compat"
        "cuda_cudart"
        "cuda_cuobjdump"
        "cuda_cupti"
        "cuda_cuxxfilt"
        "cuda_gdb"
        "cuda_nvcc"
        "cuda_nvdisasm"
        "cuda_nvml_dev"
        "cuda_nvprune"
        "cuda_nvrtc"
        "cuda_nvtx"
        "cuda_profiler_api"
        "cuda_sanitizer_api"
        "cudnn"
        "libcublas"
        "libcufft"
        "libcufile"
        "libcurand"
        "libcusolver"
        "libcusparse"
        "libcusparse_lt"
        "libnpp"
        "libnvjitlink"
        "libnvshmem"
        "nvidia-kernel-modules"
        "nvidia-persistenced"
        "nvidia-x11"
      ];
      readOnly = true;
      description = "The packages that are not free, for `nixpkgs.config.allowUnfreePredicate`.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = cfg.packages;

    hardware.graphics.enable = true;
    # How NixOS is told to load the driver, on machines without a screen too.
    services.xserver.videoDrivers = [ "nvidia" ];
    hardware.nvidia.open = cfg.open;
    hardware.nvidia.package = lib.mkIf (cfg.driver != null) cfg.driver;
    hardware.nvidia.nvidiaSettings = lib.mkDefault false;
    # Keeps the driver ready between programs, so that each does not wait for it.
    hardware.nvidia.nvidiaPersistenced = lib.mkDefault true;
    hardware.nvidia-container-toolkit.enable = cfg.containers;

    nixpkgs.config.cudaSupport = cfg.buildPackagesForCuda;
  };
}

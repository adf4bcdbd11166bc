{ system, modules }:
{
  options = {
    "services.nginx.enable" = {
      type = "boolean";
      default.text = "false";
      declarations = [ (toString ../modules/nginx.nix) ];
    };
    "services.nginx.secret" = {
      type = "string";
      internal = true;
    };
    "services.nginx.old" = {
      type = "string";
      visible = false;
      description = "Alias of {option}`services.nginx.new`.";
    };
    "services.nginx.odd" = {
      type = "unspecified value";
      visible = false;
      description = "Anything, for nobody's use.";
    };
    "services.nginx.gone" = {
      type = "unspecified value";
      visible = false;
    };
    "services.nginx.package" = {
      type = "package";
      default.text = throw "no text";
    };
  };
}

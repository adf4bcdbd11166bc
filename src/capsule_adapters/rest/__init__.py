"""Clouds that speak JSON over HTTP: the patience, the paging and the one provider for them."""

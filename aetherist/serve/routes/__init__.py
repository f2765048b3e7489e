"""The addresses of the gateway: every module here that has a ``router`` is part of it."""

from __future__ import annotations

import importlib
import pkgutil

from fastapi import APIRouter
from starlette.routing import Route


def methods_at(path: str) -> list[str]:
    """Return the methods of every route that a path matches: each route alone would name its own."""
    routes = [route for router in all_routers() for route in router.routes if isinstance(route, Route)]
    found = [route for route in routes if route.path_regex.match(path)]
    if not found:
        return []
    nearest = min(found, key=lambda route: len(route.param_convertors)).path  # /file, and not /{id}
    return sorted({method for route in found if route.path == nearest for method in route.methods or ()})


def all_routers() -> list[APIRouter]:
    """Return the routers, in the order of their modules' names; the studio's pages come last."""
    names = sorted(
        (module.name for module in pkgutil.iter_modules(__path__)), key=lambda name: (name == "studio", name)
    )
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return [module.router for module in modules if hasattr(module, "router")]

"""Writes training-snapshot pickles as the oracle's page describes them, at any size, for the tests to read.

The classes that such a pickle mentions are stood up under their names for as long as it takes to write it.
Two ways of embedding a storage exist in the wild, and both are written here.
"""

from __future__ import annotations

import io
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import nn

HOSTILE_SOURCE = "import os\nos.system('echo module_src was run > sentinel')\nraise SystemExit\n"
BUFFERS = ("resample_filter", "noise_const", "w_avg")


class EasyDict(dict):
    """Stands for `dnnlib.util.EasyDict`."""


class Persistent(nn.Module):
    """Stands for any network, block or layer of the reference."""

    def __init__(self, class_name: str, **attributes: Any) -> None:
        super().__init__()
        object.__setattr__(self, "class_name_of_this", class_name)
        self.__dict__.update(attributes)

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "class_name_of_this"}
        meta = {
            "type": "class",
            "version": 6,
            "module_src": HOSTILE_SOURCE,
            "class_name": self.class_name_of_this,
            "state": state,
        }
        return reconstruct_persistent_object, (meta,)


class OSGDecoder(nn.Module):
    """Stands for a module of the reference that is pickled plainly."""


class ImportanceRenderer(nn.Module):
    """Stands for another."""


def reconstruct_persistent_object(meta: Mapping[str, Any]) -> None:
    raise AssertionError("a reader called what the pickle names")


@contextmanager
def reference_names() -> Iterator[None]:
    """For as long as it lasts, the reference's names can be imported, so that `pickle` writes them."""
    places = {
        "torch_utils.persistence": ("_reconstruct_persistent_obj", reconstruct_persistent_object),
        "dnnlib.util": ("EasyDict", EasyDict),
        "training.triplane": ("OSGDecoder", OSGDecoder),
        "training.volumetric_rendering.renderer": ("ImportanceRenderer", ImportanceRenderer),
    }
    modules: dict[str, types.ModuleType] = {}
    with mock.patch.dict(sys.modules):
        for path, (name, thing) in places.items():
            parents = path.split(".")
            for depth in range(1, len(parents) + 1):
                module = ".".join(parents[:depth])
                modules.setdefault(module, types.ModuleType(module))
            setattr(modules[path], name, thing)
            thing.__module__, thing.__qualname__, thing.__name__ = path, name, name
        sys.modules.update(modules)
        yield


class StoragePickler(pickle.Pickler):
    """Embeds storages in torch's newer, zip format."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, torch.storage.TypedStorage):
            stream = io.BytesIO()
            torch.save(value, stream)
            return torch.storage._load_from_bytes, (stream.getvalue(),)
        return NotImplemented


def dump(value: object, protocol: int = 4, zipped: bool = False) -> bytes:
    """The pickle of a value that may hold the stand-ins above."""
    stream = io.BytesIO()
    writer = StoragePickler if zipped else pickle.Pickler
    with reference_names():
        writer(stream, protocol=protocol).dump(value)
    return stream.getvalue()


def network(class_name: str, tensors: Mapping[str, torch.Tensor], **attributes: Any) -> Persistent:
    """A network of the reference with these tensors, as a tree of persistent objects.

    The decoder is plain, as in the reference: an `OSGDecoder` with a `Sequential` of layers around a
    `Softplus`.
    """
    root = Persistent(class_name, **attributes)
    for name, tensor in tensors.items():
        *path, leaf = name.split(".")
        module: nn.Module = root
        for depth, part in enumerate(path):
            if part not in module._modules:
                module._modules[part] = _child(path[: depth + 1])
            found = module._modules[part]
            assert found is not None
            module = found
        if leaf in BUFFERS:
            module.register_buffer(leaf, tensor.clone())
        else:
            module.register_parameter(leaf, nn.Parameter(tensor.clone()))
    if any(name.startswith("decoder.") for name in tensors):
        net = root._modules["decoder"]._modules["net"]
        net._modules = OrderedDict((key, net._modules.get(key, nn.Softplus())) for key in "012")
        root._modules["renderer"] = ImportanceRenderer()
    return root


def _child(path: list[str]) -> nn.Module:
    match path:
        case ["decoder"]:
            return OSGDecoder()
        case ["decoder", "net"]:
            return nn.Sequential()
        case _:
            return Persistent("Layer", activation="lrelu", use_fp16=False)


def snapshot(generator: Persistent, ema: Persistent, discriminator: Persistent | None) -> dict[str, Any]:
    """The top level of a snapshot."""
    return {
        "training_set_kwargs": EasyDict(
            class_name="training.dataset.ImageFolderDataset", path="data.zip", max_size=None
        ),
        "G": generator,
        "D": discriminator,
        "G_ema": ema,
        "augment_pipe": None,
    }

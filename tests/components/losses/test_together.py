"""All groups of losses in one recipe: adversarial, reconstruction, identity, multi-view consistency, regularisation."""

from __future__ import annotations

import torch

from aetherist.components.cameras import sway
from aetherist.core.recipe import Recipe
from aetherist.graphs.model import Model

RECIPE = """
name: together
extends: tiny
settings: {resolution: 32}
components:
  superres: {input_resolution: 16}
  critic: {type: discriminator.multiscale, resolution: 32, scales: [1, 2], channel_base: 64}
  eyes: {type: embedding.vgg16_features, weights: null}
  face: {type: embedding.mobileface, weights: null}
  points: {type: points.pairs, count: 20}
  lattice: {type: points.lattice, resolution: 4}
  between: {type: image.interpolate}
  adversarial: {type: loss.wasserstein_generator, judges: sum}
  critical: {type: loss.wasserstein_discriminator, judges: sum}
  penalty: {type: loss.gradient_penalty}
  l1: {type: loss.l1}
  perceptual: {type: loss.perceptual, weights: [1, 1, 1, 1, 1]}
  lpips: {type: loss.lpips, weights: null}
  identity: {type: loss.identity}
  consistency: {type: loss.multiview_consistency, tolerance: 0.1}
  smoothness: {type: loss.density_smoothness}
  variation: {type: loss.density_tv, resolution: 4}
  paths: {type: loss.path_length}
  generator_total: {type: loss.weighted_sum, weights: {identity: 0.5, smoothness: 0.25, paths: 2}}
  critic_total: {type: loss.weighted_sum, weights: {penalty: 10}}
graphs:
  picture:
    inputs: {styles: "Styles[B 8 32]", planes: "Planes[B 3 8 32 32]", camera: Camera}
    steps:
      rays: {call: rays, with: {camera: camera}}
      view: {call: renderer, with: {planes: planes, origins: rays.origins, directions: rays.directions}}
      final: {call: superres, with: {image: view.image, features: view.features, styles: styles}}
    outputs: {image: final, raw: view.image, depth: view.depth, alpha: view.alpha}
  generator_step:
    inputs: {latent: Latent, camera: Camera, other: Camera, real: "Image[B 3 32 32]", seeds: Seeds}
    steps:
      styles: {call: mapping, with: {latent: latent, camera: camera}}
      planes: {call: planes, with: {styles: styles}}
      one: {call: picture, with: {styles: styles, planes: planes, camera: camera}}
      two: {call: picture, with: {styles: styles, planes: planes, camera: other}}
      judged: {call: critic, with: {image: one.image, camera: camera}}
      fooled: {call: adversarial, with: {fake: judged.logits}}
      near: {call: l1, with: {value: one.image, target: real}}
      seen: {call: eyes, with: {image: one.image}}
      wanted: {call: eyes, with: {image: real}}
      alike: {call: perceptual, with: {features: seen, target: wanted}}
      as_seen: {call: lpips, with: {features: seen, target: wanted}}
      who: {call: face, with: {image: one.image}}
      whom: {call: face, with: {image: two.image}}
      same: {call: identity, with: {embedding: who, target: whom}}
      consistent:
        call: consistency
        with: {image: one.raw, depth: one.depth, camera: camera, alpha: one.alpha,
               other_image: two.raw, other_depth: two.depth, other_camera: other, other_alpha: two.alpha}
      pairs: {call: points, with: {seeds: seeds}}
      here: {call: renderer.query, with: {planes: planes, points: pairs.points}}
      beside: {call: renderer.query, with: {planes: planes, points: pairs.neighbours}}
      smooth: {call: smoothness, with: {density: here.density, neighbours: beside.density}}
      everywhere: {call: lattice, with: {seeds: seeds}}
      grid: {call: renderer.query, with: {planes: planes, points: everywhere}}
      even: {call: variation, with: {density: grid.density}}
      path: {call: paths, with: {image: one.image, styles: styles, seeds: seeds}}
      sum:
        call: generator_total
        with:
          terms: {adversarial: fooled, l1: near, perceptual: alike, lpips: as_seen, identity: same,
                  consistency: consistent.loss, smoothness: smooth, variation: even, paths: path}
    outputs: {loss: sum.total, terms: sum.terms, overlap: consistent.overlap, image: one.image}
  critic_step:
    inputs: {real: "Image[B 3 32 32]", fake: "Image[B 3 32 32]", camera: Camera, seeds: Seeds}
    steps:
      of_real: {call: critic, with: {image: real, camera: camera}}
      of_fake: {call: critic, with: {image: fake, camera: camera}}
      apart: {call: critical, with: {real: of_real.logits, fake: of_fake.logits}}
      middle: {call: between, with: {real: real, fake: fake, seeds: seeds}}
      of_middle: {call: critic, with: {image: middle, camera: camera}}
      bound: {call: penalty, with: {logits: of_middle.logits, images: [middle]}}
      sum: {call: critic_total, with: {terms: {apart: apart, penalty: bound}}}
    outputs: {loss: sum.total, terms: sum.terms}
"""


def test_every_group_of_losses_runs_and_teaches_what_it_should() -> None:
    recipe = Recipe.read("together.yaml", text=RECIPE)
    model = Model.build(recipe, seed=0)
    model.report.raise_for_errors()
    generator = torch.manual_seed(0)
    real = torch.rand(2, 3, 32, 32, generator=generator) * 2 - 1
    shared = {"real": real, "camera": sway(2, yaw=0.1).vector, "seeds": torch.arange(2)}
    latent = torch.randn(2, 32, generator=generator)
    made = model.plan("generator_step")(latent=latent, other=sway(2, yaw=0.1).vector.flip(0), **shared)
    assert len(made["terms"]) == 9
    assert torch.isclose(made["loss"], torch.stack(list(made["terms"].values())).sum())
    made["loss"].backward()
    taught = {name for name, part in model.components.items() if any(p.grad is not None for p in part.parameters())}
    assert taught == {"mapping", "planes", "renderer", "superres", "critic"}
    model.components["critic"].zero_grad()
    judged = model.plan("critic_step")(fake=made["image"].detach(), **shared)
    judged["loss"].backward()
    gradients = [p.grad for p in model.components["critic"].parameters() if p.requires_grad]
    assert all(g is not None and g.isfinite().all() for g in gradients)

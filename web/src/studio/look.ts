/** Who is looked at: a person, and what was changed about them. Values only, so that undo, links and mixes are easy. */
import type { Attributes, AvatarSpec } from '../api/types';

export type Layers = 'all' | 'shape' | 'colour';

export interface SeedBase {
  kind: 'seed';
  seed: number;
  /** Null for the model's own. */
  psi: number | null;
  cutoff: number | null;
}

export interface SavedBase {
  kind: 'saved';
  id: string;
  name: string;
}

export interface MixBase {
  kind: 'mix';
  a: Look;
  b: Look;
  amount: number;
  layers: Layers;
  space: 'w' | 'z';
}

export interface Look {
  base: SeedBase | SavedBase | MixBase;
  /** Strengths by direction: `age`, `ethnicity.asian`. Those of 0 are left out. */
  edits: Record<string, number>;
}

/** How deep mixes of mixes may go; the gateway refuses more. */
export const DEEPEST = 4;

export const MOST_SEEDS = 2 ** 32;

export const ofSeed = (seed: number, psi: number | null = null): Look => ({
  base: { kind: 'seed', seed, psi, cutoff: null },
  edits: {}
});

export const depth = ({ base }: Look): number => (base.kind === 'mix' ? 1 + Math.max(depth(base.a), depth(base.b)) : 0);

/** Nest strengths as the gateway wants them: `ethnicity.asian` goes into `ethnicity`. */
export function nested(edits: Record<string, number>): Attributes {
  const found: Attributes = {};
  for (const [name, strength] of Object.entries(edits)) {
    if (!strength) continue;
    const dot = name.indexOf('.');
    if (dot < 0) found[name] = strength;
    else found[name.slice(0, dot)] = { ...(found[name.slice(0, dot)] as object), [name.slice(dot + 1)]: strength };
  }
  return found;
}

/** The other way round. */
export function flat(attributes: Attributes): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'number') found[name] = value;
    else for (const [part, strength] of Object.entries(value)) found[`${name}.${part}`] = strength;
  }
  return found;
}

/** Which of so many style layers a mix takes from the second: the first half shapes, the last half colours. */
export function layersOf(which: Layers, count: number): number[] | null {
  if (which === 'all') return null;
  const half = Math.ceil(count / 2);
  return Array.from({ length: count }, (_, layer) => layer).filter((layer) => layer < half === (which === 'shape'));
}

/** Return what the gateway calls this person; `styleLayers` is how many layers the model's styles have. */
export function toSpec(look: Look, styleLayers: number): AvatarSpec {
  const { base } = look;
  const attributes = nested(look.edits);
  const edited = Object.keys(attributes).length ? { attributes } : {};
  if (base.kind === 'saved') return { id: base.id, ...edited };
  if (base.kind === 'mix') {
    const mix: [AvatarSpec, AvatarSpec] = [toSpec(base.a, styleLayers), toSpec(base.b, styleLayers)];
    const layers = layersOf(base.layers, styleLayers);
    return { mix, amount: base.amount, layers, space: layers ? 'w' : base.space, ...edited };
  }
  const spec: AvatarSpec = { seed: base.seed, ...edited };
  if (base.psi !== null) spec.psi = base.psi;
  if (base.cutoff !== null) spec.cutoff = base.cutoff;
  return spec;
}

/** A short name for a person. */
export function title({ base }: Look): string {
  if (base.kind === 'seed') return `Seed ${base.seed}`;
  if (base.kind === 'saved') return base.name;
  return `${title(base.a)} + ${title(base.b)}`;
}

export const sameLook = (one: Look, other: Look) => JSON.stringify(one) === JSON.stringify(other);

/** Take away edits that a model has no directions for, of all people that somebody is made of. */
export function pruned(look: Look, known: string[]): Look {
  const { base } = look;
  const edits = Object.fromEntries(Object.entries(look.edits).filter(([name]) => known.includes(name)));
  if (base.kind !== 'mix') return { base, edits };
  return { base: { ...base, a: pruned(base.a, known), b: pruned(base.b, known) }, edits };
}

/** A name that a file may have. */
export const fileName = (look: Look) =>
  title(look)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'avatar';

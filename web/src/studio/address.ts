/** What the address says, so that a link brings back what was seen. */
import type { Look } from './look';
import { ofSeed } from './look';

export interface Place {
  model: string | null;
  look: Look;
  /** Degrees. */
  yaw: number;
  pitch: number;
  zoom: number;
  output: string;
  locks: string[];
}

const KINDS = ['seed', 'saved', 'mix'];
const short = (number: number, decimals = 2) => String(Number(number.toFixed(decimals)));

/** Return the query of a place; what is as usual is left out. */
export function encode(place: Place): string {
  const query = new URLSearchParams();
  if (place.model) query.set('model', place.model);
  const { base, edits } = place.look;
  if (base.kind === 'seed') {
    query.set('seed', String(base.seed));
    if (base.psi !== null) query.set('psi', short(base.psi));
    if (base.cutoff !== null) query.set('cutoff', String(base.cutoff));
  } else if (base.kind === 'saved') {
    query.set('avatar', base.id);
    query.set('name', base.name);
  } else query.set('mix', JSON.stringify(base));
  for (const [name, strength] of Object.entries(edits)) if (strength) query.set(`e.${name}`, short(strength, 3));
  if (Math.abs(place.yaw) > 0.05) query.set('yaw', short(place.yaw, 1));
  if (Math.abs(place.pitch) > 0.05) query.set('pitch', short(place.pitch, 1));
  if (Math.abs(place.zoom - 1) > 0.005) query.set('zoom', short(place.zoom));
  if (place.output !== 'image') query.set('show', place.output);
  if (place.locks.length) query.set('lock', place.locks.join(','));
  return `?${query}`.replaceAll('%2C', ',').replaceAll('%3A', ':');
}

function isLook(value: unknown): value is Look {
  const look = value as Look | null;
  if (typeof look !== 'object' || look === null || typeof look.edits !== 'object' || look.edits === null) return false;
  if (!Object.values(look.edits).every(Number.isFinite)) return false;
  return isBase(look.base);
}

function isBase(value: unknown): value is Look['base'] {
  const base = value as Look['base'] | null;
  if (typeof base !== 'object' || base === null || !KINDS.includes(base.kind)) return false;
  if (base.kind === 'seed') return Number.isSafeInteger(base.seed);
  if (base.kind === 'saved') return typeof base.id === 'string';
  return isLook(base.a) && isLook(base.b) && Number.isFinite(base.amount);
}

function baseOf(query: URLSearchParams): Look['base'] | null {
  const number = (name: string) => {
    const value = Number.parseFloat(query.get(name) ?? '');
    return Number.isFinite(value) ? value : null;
  };
  const avatar = query.get('avatar');
  if (avatar) return { kind: 'saved', id: avatar, name: query.get('name') ?? avatar };
  const mix = query.get('mix');
  if (mix) {
    try {
      const base: unknown = JSON.parse(mix);
      return isBase(base) ? base : null;
    } catch {
      return null;
    }
  }
  const seed = number('seed');
  if (seed === null || seed < 0) return null;
  const cutoff = number('cutoff');
  return { kind: 'seed', seed: Math.floor(seed), psi: number('psi'), cutoff: cutoff === null ? null : Math.floor(cutoff) };
}

/** Read a query; null if it says of nobody. What makes no sense is left out: a link is never an error. */
export function decode(search: string): Place | null {
  const query = new URLSearchParams(search);
  const base = baseOf(query);
  if (!base) return null;
  const number = (name: string, otherwise: number) => {
    const value = Number.parseFloat(query.get(name) ?? '');
    return Number.isFinite(value) ? value : otherwise;
  };
  const look: Look = { ...ofSeed(0), base };
  for (const [name, value] of query) {
    const strength = Number.parseFloat(value);
    if (name.startsWith('e.') && Number.isFinite(strength)) look.edits[name.slice(2)] = strength;
  }
  return {
    model: query.get('model'),
    look,
    yaw: number('yaw', 0),
    pitch: number('pitch', 0),
    zoom: number('zoom', 1),
    output: query.get('show') ?? 'image',
    locks: query.get('lock')?.split(',').filter(Boolean) ?? []
  };
}

/** The directions of a model as the sliders that are shown. */
import type { Direction } from '../api/types';

export interface Axis {
  /** As edits call it: `age`, `ethnicity.asian`. */
  name: string;
  label: string;
  hint: string;
  min: number;
  max: number;
}

export interface Group {
  /** The attribute whose parts these are; null for those that stand alone. */
  name: string | null;
  label: string;
  axes: Axis[];
}

const words = (name: string) => {
  const text = name.replace(/[_-]+/g, ' ').trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
};

function axis(direction: Direction): Axis {
  const { attribute, axis: part, range, description, step, quality } = direction;
  const [min, max] = range && range[0] < range[1] ? range : [-2, 2];
  const name = part ? `${attribute}.${part}` : attribute;
  const unit = description || (step != null ? `a step of ${step}` : '');
  // What was measured is said where it falls short of what a step should do.
  const response = typeof quality === 'object' ? (quality?.response ?? 1) : 1;
  const weak = response < 0.7 ? `Pictures show ${Math.round(100 * response)}% of it.` : '';
  const hint = [unit && `1 is ${unit}.`, weak].filter(Boolean).join(' ');
  return { name, label: words(part ?? attribute), hint, min: Math.min(min, 0), max: Math.max(max, 0) };
}

/** Group directions: those that stand alone first, then attributes that have several parts. */
export function groups(directions: Direction[]): Group[] {
  const alone: Group = { name: null, label: 'Attributes', axes: [] };
  const named = new Map<string, Group>();
  for (const direction of directions) {
    const name = direction.group ?? (direction.axis ? direction.attribute : null);
    if (name === null) {
      alone.axes.push(axis(direction));
      continue;
    }
    if (!named.has(name)) named.set(name, { name, label: words(name), axes: [] });
    named.get(name)?.axes.push(axis(direction));
  }
  return [alone, ...named.values()].filter((group) => group.axes.length > 0);
}

/** A random strength of an axis, more often small than large. */
export function randomStrength({ min, max }: Axis): number {
  const lot = Math.random() + Math.random() - 1;
  return Math.round((lot < 0 ? -lot * min : lot * max) * 100) / 100;
}

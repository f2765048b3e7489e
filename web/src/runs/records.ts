/** What the server tells of training runs, and their records as curves. */

export interface Grid {
  file: string;
  output: string;
  images: number;
  size: number;
}

export interface Summary {
  name: string;
  recipe: string;
  status: 'running' | 'stopped' | 'finished';
  images: number;
  length: number | null;
  updated_at: string;
  latest: Json | null;
  grids: number;
  models: string[];
}

export interface Records {
  records: Json[];
  next: number;
  restarted: boolean;
}

export interface Curves {
  images: number[];
  seconds: number[];
  /** Values by the name of the term; what is no number is NaN. */
  curves: Map<string, number[]>;
}

export type Json = Record<string, unknown>;

/** Return records as one series a term. */
export function read(records: readonly Json[]): Curves {
  const flat = records.map(flattened);
  const names = [...new Set(flat.flatMap((values) => [...values.keys()]))];
  return {
    images: records.map((record) => number(record.images)),
    seconds: records.map((record) => number(record.seconds)),
    curves: new Map(names.map((name) => [name, flat.map((values) => values.get(name) ?? NaN)]))
  };
}

/** Return grids in the order of training; new ones take the place of those of the same name. */
export function merged(known: readonly Grid[], fresh: readonly Grid[]): Grid[] {
  const names = new Set(fresh.map((grid) => grid.file));
  return [...known.filter((grid) => !names.has(grid.file)), ...fresh].sort((a, b) => a.images - b.images);
}

/** Return the numbers of a record by dotted names. */
function flattened(record: Json): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of ['terms', 'metrics', 'rates', 'controls']) {
    const values = record[part];
    if (typeof values !== 'object' || values === null) continue;
    for (const [name, value] of Object.entries(values)) found.set(part === 'terms' ? name : `${part}.${name}`, number(value));
  }
  for (const name of ['speed', 'memory', 'skipped']) if (record[name] != null) found.set(name, number(record[name]));
  return found;
}

/** JSON has no number for what diverged: such values come as words. */
function number(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

/** The result of a job of kind `run`, as the page shows it. */

export interface Shown {
  url: string;
  label: string;
}

/** One output of a step as the run found it. */
export interface Value {
  name: string;
  type: string;
  facts: [string, string][];
  pictures: Shown[];
}

export interface StepResult {
  seconds: number;
  bytes: number;
  values: Value[];
}

type Json = Record<string, unknown>;

/** Read what each step took and gave. */
export function readRun(result: Json): ReadonlyMap<string, StepResult> {
  const run = isMap(result.run) ? result.run : result;
  const steps = new Map<string, StepResult>();
  for (const [name, step] of named(run.steps))
    steps.set(name, {
      seconds: number(step.seconds) ?? 0,
      bytes: number(step.peak_bytes) ?? number(step.bytes) ?? 0,
      values: named(step.outputs).map(([name, value]) => readValue(name, value))
    });
  return steps;
}

function readValue(name: string, data: Json): Value {
  const shape = Array.isArray(data.shape) ? data.shape.join(' \u00d7 ') : '';
  const facts: [string, string][] = [];
  for (const key of ['min', 'max', 'mean', 'std'] as const) {
    const value = number(isMap(data.stats) ? data.stats[key] : data[key]);
    if (value !== null) facts.push([key === 'std' ? 'deviation' : key, brief(value)]);
  }
  if (data.finite === false) facts.push(['numbers', 'not all finite']);
  if (typeof data.value === 'number' || typeof data.value === 'string') facts.push(['value', String(data.value)]);
  return {
    name,
    type: shape || (typeof data.type === 'string' ? data.type : ''),
    facts,
    pictures: pictures(data.picture ?? data.pictures, typeof data.caption === 'string' && data.caption !== 'as it is' ? data.caption : '')
  };
}

function pictures(value: unknown, label: string): Shown[] {
  if (Array.isArray(value)) return value.flatMap((part, at) => pictures(part, String(at + 1)));
  if (!isMap(value)) return [];
  const own = typeof value.label === 'string' ? value.label : label;
  if (typeof value.url === 'string') return [{ url: value.url, label: own }];
  if ('picture' in value) return pictures(value.picture, own);
  return Object.entries(value).flatMap(([name, part]) => pictures(part, name));
}

/** Return a list of named maps, or a map of maps, as pairs. */
function named(value: unknown): [string, Json][] {
  if (Array.isArray(value)) return value.filter(isMap).map((part) => [String(part.name), part]);
  return isMap(value) ? Object.entries(value).filter((pair): pair is [string, Json] => isMap(pair[1])) : [];
}

function brief(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100_000)) return value.toExponential(1);
  return value.toFixed(size < 10 ? 3 : size < 1000 ? 1 : 0);
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

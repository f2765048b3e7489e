/** Axes: from values to pixels, and the ticks that are written. */

export interface Scale {
  (value: number): number;
  ticks: number[];
  low: number;
  high: number;
}

/** A straight axis over at least what it is given; ticks at round numbers, about `count` of them. */
export function linear(low: number, high: number, from: number, to: number, count = 5): Scale {
  // What differs by rounding alone is flat.
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (!(high - low > size * 1e-9)) [low, high] = size > 0 && Number.isFinite(size) ? [low - size * 0.1, low + size * 0.1] : [0, 1];
  const step = roundStep((high - low) / Math.max(1, count));
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high * (1 + 1e-12) + step * 1e-9; at++) ticks.push(at * step);
  const scale = (value: number): number => from + ((value - low) / (high - low)) * (to - from);
  return Object.assign(scale, { ticks, low, high });
}

/** A logarithmic axis; ticks at 1, 2 and 5 times powers of ten, fewer where they crowd. */
export function logarithmic(low: number, high: number, from: number, to: number, count = 5): Scale {
  if (!(low > 0)) low = high > 0 ? high / 1000 : 0.1;
  if (!(high > low * (1 + 1e-9))) high = low * 10;
  const [a, b] = [Math.log10(low), Math.log10(high)];
  const every = (factors: number[]): number[] => {
    const found: number[] = [];
    for (let power = Math.floor(a); power <= Math.ceil(b); power++)
      for (const factor of factors) {
        const tick = factor * 10 ** power;
        if (tick >= low * 0.999 && tick <= high * 1.001) found.push(tick);
      }
    return found;
  };
  const choices = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]].map(every);
  const ticks = choices.find((found) => found.length <= count + 2) ?? choices.at(-1)!;
  // Less than a decade may have no round number in it.
  const shown = ticks.length >= 2 ? ticks : linear(low, high, from, to, count).ticks.filter((tick) => tick > 0);
  const scale = (value: number): number => from + ((Math.log10(value) - a) / (b - a)) * (to - from);
  return Object.assign(scale, { ticks: shown, low, high });
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((factor) => rough <= factor * power * 1.3) ?? 10;
  return factor * power;
}

/** Write a number with as few digits as it can be read off an axis or a curve. */
export function brief(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return '\u2013';
  if (size === 0) return '0';
  if (size >= 1e9) return trimmed(value / 1e9) + 'G';
  if (size >= 1e6) return trimmed(value / 1e6) + 'M';
  if (size >= 1e4) return trimmed(value / 1e3) + 'k';
  if (size < 1e-3) return value.toExponential(size < 1e-4 ? 1 : 2).replace(/\.?0+e/, 'e');
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Series of numbers as curves: smoothed, thinned, and written as paths. */

import type { Scale } from './scale';

export interface Point {
  x: number;
  y: number;
}

/** An exponential moving average that starts without bias; `weight` of the past, 0 is none. Gaps stay gaps. */
export function smooth(values: readonly number[], weight: number): number[] {
  if (weight <= 0) return [...values];
  let past = 0;
  let mass = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    past = past * weight + value * (1 - weight);
    mass = mass * weight + (1 - weight);
    return past / mass;
  });
}

/** Return a path of a series; with many points to a pixel, through the least and the greatest of each two pixels. */
export function pathOf(xs: readonly number[], ys: readonly number[], x: Scale, y: Scale, width: number): string {
  let path = '';
  let open = false;
  for (const at of thinned(xs, ys, width)) {
    const value = ys[at]!;
    const place = y(value);
    if (!Number.isFinite(value) || !Number.isFinite(place)) {
      open = false;
      continue;
    }
    path += `${open ? 'L' : 'M'}${x(xs[at]!).toFixed(1)} ${place.toFixed(1)}`;
    open = true;
  }
  return path;
}

function thinned(xs: readonly number[], ys: readonly number[], width: number): number[] {
  const count = xs.length;
  const buckets = Math.max(1, Math.floor(width / 2));
  if (count <= buckets * 4) return xs.map((_, at) => at);
  const kept: number[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * count) / buckets);
    const end = Math.floor(((bucket + 1) * count) / buckets);
    let [least, most] = [start, start];
    for (let at = start; at < end; at++) {
      if (ys[at]! < ys[least]!) least = at;
      if (ys[at]! > ys[most]!) most = at;
    }
    kept.push(...new Set([start, Math.min(least, most), Math.max(least, most)]));
  }
  return [...kept, count - 1];
}

/** Return the place of the value nearest to `x` in a rising series; -1 where there is none. */
export function nearestTo(xs: readonly number[], x: number): number {
  if (!xs.length) return -1;
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle;
    else high = middle;
  }
  return Math.abs(xs[low]! - x) <= Math.abs(xs[high]! - x) ? low : high;
}

/** Return the least and the greatest of some series, what is no number left out. */
export function extent(all: readonly (readonly number[])[], positive = false): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const values of all)
    for (const value of values)
      if (Number.isFinite(value) && (!positive || value > 0)) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
  return low <= high ? [low, high] : [0, 1];
}

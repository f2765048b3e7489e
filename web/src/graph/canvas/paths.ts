/** The course of a wire: out of its port, by the bends that the layout found, into the other port. */

export interface Point {
  x: number;
  y: number;
}

/** Return a smooth path; all its tangents lie along the direction of the graph. */
export function throughBends(start: Point, bends: readonly Point[], end: Point, direction: 'LR' | 'TB'): string {
  const points = [start, ...bends, end];
  let path = `M ${start.x} ${start.y}`;
  for (let index = 1; index < points.length; index++) {
    const a = points[index - 1]!;
    const b = points[index]!;
    if (direction === 'LR') {
      const reach = Math.max(Math.abs(b.x - a.x) / 2, 12);
      path += ` C ${a.x + reach} ${a.y} ${b.x - reach} ${b.y} ${b.x} ${b.y}`;
    } else {
      const reach = Math.max(Math.abs(b.y - a.y) / 2, 12);
      path += ` C ${a.x} ${a.y + reach} ${b.x} ${b.y - reach} ${b.x} ${b.y}`;
    }
  }
  return path;
}

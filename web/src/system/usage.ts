/** Usage over time, as bars and as a table. */

export type By = 'model' | 'key_id' | 'operation';
export type Measure = 'pictures' | 'count' | 'seconds' | 'errors';
export type Span = '1' | '7' | '30' | '90';

export interface Row {
  at: string;
  model: string | null;
  key_id: string | null;
  operation: string | null;
  count: number;
  pictures: number;
  seconds: number;
  errors: number;
}

export interface Table {
  names: string[];
  bars: { name: string; short: string; values: number[] }[];
  sums: { name: string; count: number; pictures: number; seconds: number; errors: number }[];
}

/** The most series that have a colour of their own; the rest are one. */
const MOST = 6;
const REST = 'others';

/** Return the address of a report; times are in UTC, as the server keeps them. */
export function address(span: Span, by: readonly By[], csv: boolean, now: number): string {
  const query = new URLSearchParams({ since: start(span, now).toISOString(), bucket: bucketOf(span) });
  for (const name of by) query.append('by', name);
  if (csv) query.set('format', 'csv');
  return `/v1/usage?${query}`;
}

export function bucketOf(span: Span): 'hour' | 'day' {
  return span === '1' ? 'hour' : 'day';
}

function start(span: Span, now: number): Date {
  const length = span === '1' ? 3_600_000 : 86_400_000;
  const count = span === '1' ? 23 : Number(span) - 1;
  return new Date((Math.floor(now / length) - count) * length);
}

/** Return a bar for each hour or day of the span, also for those without use. */
export function tabled(rows: readonly Row[], by: By, measure: Measure, span: Span, now: number): Table {
  const named = (row: Row): string => row[by] ?? (by === 'key_id' ? 'no key' : 'none');
  const sums = [...new Set(rows.map(named))]
    .map((name) => {
      const own = rows.filter((row) => named(row) === name);
      const sum = (key: Measure): number => own.reduce((total, row) => total + row[key], 0);
      return { name, count: sum('count'), pictures: sum('pictures'), seconds: sum('seconds'), errors: sum('errors') };
    })
    .sort((a, b) => b[measure] - a[measure]);
  const names = sums.length > MOST ? [...sums.slice(0, MOST - 1).map((sum) => sum.name), REST] : sums.map((sum) => sum.name);
  const length = span === '1' ? 3_600_000 : 86_400_000;
  const first = start(span, now).getTime();
  const bars = [];
  for (let at = first; at <= now; at += length) {
    const own = rows.filter((row) => Date.parse(row.at) >= at && Date.parse(row.at) < at + length);
    const values = names.map(() => 0);
    for (const row of own) {
      const place = names.indexOf(named(row));
      values[place < 0 ? names.length - 1 : place]! += row[measure];
    }
    bars.push({ name: told(at, span, 'long'), short: told(at, span, 'short'), values });
  }
  return { names, bars, sums };
}

function told(at: number, span: Span, length: 'long' | 'short'): string {
  if (span === '1') {
    const time = new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
    return length === 'short' ? time : `From ${time}`;
  }
  return new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC', ...(length === 'long' ? { weekday: 'short' } : {}) });
}

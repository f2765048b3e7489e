/** Training runs as they are followed: their records and grids come in as the server finds them. */

import { asProblem, follow, request, type Problem } from '../api';
import { merged, read, type Grid, type Json, type Records, type Summary } from './records';

/** One run that is followed. Curves are replaced as a whole when records come, so that charts see it. */
export class Followed {
  readonly name: string;
  images = $state.raw<number[]>([]);
  seconds = $state.raw<number[]>([]);
  /** Values by the name of the term; what is no number is NaN. */
  curves = $state.raw<ReadonlyMap<string, number[]>>(read([]).curves);
  grids = $state.raw<Grid[]>([]);
  live = $state(false);
  problem = $state.raw<Problem | null>(null);
  #stop = new AbortController();
  #records: Json[] = [];

  constructor(name: string, onStatus: (summary: Summary) => void) {
    this.name = name;
    void follow(
      `/v1/runs/${encodeURIComponent(name)}/events`,
      this.#stop.signal,
      (event) => {
        if (event.type === 'records') this.#take(JSON.parse(event.data) as Records);
        if (event.type === 'grids') this.#add((JSON.parse(event.data) as { items: Grid[] }).items);
        if (event.type === 'status') onStatus(JSON.parse(event.data) as Summary);
      },
      (connected) => (this.live = connected)
    ).catch((error: unknown) => (this.problem = asProblem(error)));
  }

  stop(): void {
    this.#stop.abort();
  }

  #take({ records, restarted }: Records): void {
    this.#records = restarted ? records : [...this.#records, ...records];
    ({ images: this.images, seconds: this.seconds, curves: this.curves } = read(this.#records));
  }

  #add(grids: Grid[]): void {
    this.grids = merged(this.grids, grids);
  }
}

class Runs {
  items = $state.raw<Summary[]>([]);
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Those whose curves are shown, in order. */
  shown = $state.raw<Followed[]>([]);

  async list(): Promise<void> {
    try {
      this.items = (await request<{ items: Summary[] }>('/v1/runs')).items;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    } finally {
      this.loaded = true;
    }
  }

  show(names: string[]): void {
    const kept = this.shown.filter((run) => names.includes(run.name) || (run.stop(), false));
    this.shown = names.map((name) => kept.find((run) => run.name === name) ?? new Followed(name, (summary) => this.#put(summary)));
  }

  toggle(name: string): void {
    const names = this.shown.map((run) => run.name);
    this.show(names.includes(name) ? names.filter((one) => one !== name) : [...names, name]);
  }

  /** Follow none any more. */
  leave(): void {
    this.show([]);
  }

  #put(summary: Summary): void {
    this.items = this.items.map((item) => (item.name === summary.name ? summary : item));
  }
}

export const runs = new Runs();

/** The colour of a run: by its number, so that it stays when others come and go. */
export function colourOf(name: string): string {
  const at = runs.items.findIndex((item) => item.name === name);
  return `var(--series-${(((runs.items.length - 1 - at) % 6) + 6) % 6 + 1})`;
}

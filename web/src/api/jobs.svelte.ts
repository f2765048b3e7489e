/** Jobs that this tab has started: they are followed here, whatever page is open, and found again after a reload. */
import { request } from './client';
import { follow } from './events';
import { asProblem, Problem } from './problem';
import type { Job } from './types';

const KEPT = 'aetherist.jobs';

export const finished = (job: Job) => job.status !== 'queued' && job.status !== 'running';

class Jobs {
  items = $state<Job[]>([]);
  /** Names that people gave, by job. */
  titles = $state<Record<string, string>>({});
  #following = new Map<string, AbortController>();

  /** Submit a job and follow it; resolves with the finished job.
   *
   * @param started Told the job's id as soon as the server has taken it.
   * @throws Problem if it is refused, fails or is cancelled.
   */
  async run(kind: string, body: Record<string, unknown>, title: string, started?: (id: string) => void): Promise<Job> {
    const job = await request<Job>('/v1/jobs', {
      json: { kind, ...body },
      headers: { 'idempotency-key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` }
    });
    this.titles[job.id] = title;
    started?.(job.id);
    return this.watch(job);
  }

  /** Follow a job to its end. */
  async watch(job: Job): Promise<Job> {
    this.#put(job);
    const stop = new AbortController();
    this.#following.get(job.id)?.abort();
    this.#following.set(job.id, stop);
    try {
      if (!finished(job)) {
        await follow(`/v1/jobs/${job.id}/events`, stop.signal, (event) => {
          const known = this.items.find((one) => one.id === job.id);
          const news = JSON.parse(event.data) as Partial<Job>;
          if (known) this.#put({ ...known, ...news, id: job.id });
          return event.type !== 'progress';
        });
        this.#put(await request<Job>(`/v1/jobs/${job.id}`));
      }
    } finally {
      this.#following.delete(job.id);
    }
    const last = this.items.find((one) => one.id === job.id) ?? job;
    if (last.status === 'failed') throw new Problem(last.problem ?? { title: 'The job failed' });
    if (last.status === 'cancelled') throw new DOMException('The job was cancelled', 'AbortError');
    return last;
  }

  async cancel(id: string): Promise<void> {
    this.#put(await request<Job>(`/v1/jobs/${id}/cancel`, { method: 'POST' }));
  }

  /** Take a job off the list; the server keeps it. */
  forget(id: string): void {
    this.#following.get(id)?.abort();
    this.items = this.items.filter((job) => job.id !== id);
    this.#keep();
  }

  /** Find the jobs of this tab again after a reload. */
  async restore(): Promise<void> {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Record<string, string>;
    for (const [id, title] of Object.entries(kept)) {
      if (this.items.some((job) => job.id === id)) continue;
      try {
        const job = await request<Job>(`/v1/jobs/${id}`);
        this.titles[id] = title;
        this.watch(job).catch(() => undefined);
      } catch (error) {
        if (asProblem(error)?.status === 404) this.forget(id);
      }
    }
  }

  #put(job: Job): void {
    const at = this.items.findIndex((one) => one.id === job.id);
    if (at < 0) this.items.unshift(job);
    else this.items[at] = job;
    this.#keep();
  }

  #keep(): void {
    const kept = this.items.map((job) => [job.id, this.titles[job.id] ?? job.kind]);
    sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(kept)));
  }
}

export const jobs = new Jobs();

/** Runs of a graph: what each step took, and what it gave. */

import { asProblem, jobs, type Problem } from '../api';
import type { Graph } from './drawn';
import { readRun, type StepResult, type Value } from './result';

export interface Measure {
  seconds: number;
  bytes: number;
  /** Of the time of all steps. */
  share: number;
}

/** What goes into a run. */
export class Given {
  seed = $state(0);
  yaw = $state(0);
  pitch = $state(0);
}

class Measures {
  graph = $state('');
  steps = $state.raw<ReadonlyMap<string, StepResult>>(new Map());
  given = new Given();
  problem = $state.raw<Problem | null>(null);
  seconds = $derived([...this.steps.values()].reduce((sum, step) => sum + step.seconds, 0));
  peak = $derived(Math.max(0, ...[...this.steps.values()].map((step) => step.bytes)));
  running = $state(false);

  #id = $state<string | null>(null);
  /** The job as it is known now. */
  current = $derived(jobs.items.find((job) => job.id === this.#id) ?? null);

  /** Return what steps take together: their times added, the largest of their memories. */
  over(names: string[]): Measure | null {
    const found = names.map((name) => this.steps.get(name)).filter((step) => step !== undefined);
    if (!found.length) return null;
    const seconds = found.reduce((sum, step) => sum + step.seconds, 0);
    return { seconds, bytes: Math.max(...found.map((step) => step.bytes)), share: this.seconds ? seconds / this.seconds : 0 };
  }

  /** Return what the outputs of a graph were, where the run came to them. */
  finals(graph: Graph | null): Value[] {
    return (graph?.outputs ?? []).flatMap((port) =>
      port.sources.slice(0, 1).flatMap((source) => {
        const value = this.steps.get(source.step ?? '')?.values.find((value) => value.name === source.port);
        return value ? [{ ...value, name: port.name }] : [];
      })
    );
  }

  /** Have the server run a graph, or what of it a step needs, and take in what it measured. */
  async run(what: { model: string } | { text: string }, graph: string, until: string | null): Promise<void> {
    const { seed, yaw, pitch } = this.given;
    this.running = true;
    this.problem = null;
    try {
      const body = { ...what, graph, seed, yaw, pitch, ...(until === null ? {} : { until }) };
      const job = await jobs.run('run', body, until === null ? `Run ${graph}` : `Run ${graph} until ${until}`, (id) => (this.#id = id));
      const found = readRun(job.result ?? {});
      // Steps that this run did not come to keep what an earlier run of the same graph found.
      this.steps = this.graph === graph && until !== null ? new Map([...this.steps, ...found]) : found;
      this.graph = graph;
    } catch (error) {
      this.problem = asProblem(error);
    } finally {
      this.running = false;
      this.#id = null;
    }
  }

  async cancel(): Promise<void> {
    if (this.#id) await jobs.cancel(this.#id);
  }

  clear(): void {
    this.steps = new Map();
    this.problem = null;
  }
}

export const measures = new Measures();

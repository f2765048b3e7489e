/** How the server is doing, each second, with what was before. */

import { asProblem, follow, type Problem } from '../api';

export interface Worker {
  device: string;
  pid: number | null;
  alive: boolean;
  ready: boolean;
  restarts: number;
  memory: Record<string, number>;
  models: { name: string; status: string; digest: string | null; error: string | null }[];
  busy: Record<string, number>;
  planes: Record<string, number>;
}

export interface System {
  at: string;
  version: string;
  uptime: number;
  draining: boolean;
  queue: { waiting: Record<string, number>; in_flight: number; clients: number; limit: number };
  throughput: number;
  latency: Record<string, { count: number; p50: number; p95: number; p99: number }>;
  batch_sizes: Record<string, number>;
  workers: Worker[];
  memory: { process: number; workers: number; machine: number; available: number };
  caches: Record<string, Record<string, number>>;
  models: string[];
  jobs: Record<string, number>;
  artifacts: { bytes: number; quota: number | null };
  errors: { counts: Record<string, number>; recent: { at: string; code: string; count: number }[] };
  websocket_connections: number;
  event_streams: number;
}

/** What is drawn over time. */
export interface Moment {
  time: number;
  waiting: Record<string, number>;
  inFlight: number;
  throughput: number;
  memory: number;
}

/** Seconds that the curves show. */
export const WINDOW = 180;

class Live {
  now = $state.raw<System | null>(null);
  past = $state.raw<Moment[]>([]);
  connected = $state(false);
  problem = $state.raw<Problem | null>(null);
  #stop: AbortController | null = null;

  start(): void {
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    this.problem = null;
    follow(
      '/v1/system/events',
      stop.signal,
      (event) => {
        if (event.type === 'system') this.#take(JSON.parse(event.data) as System);
      },
      (connected) => (this.connected = connected)
    ).catch((error: unknown) => (this.problem = asProblem(error)));
  }

  stop(): void {
    this.#stop?.abort();
    this.connected = false;
  }

  #take(system: System): void {
    const time = Date.parse(system.at) / 1000;
    const { waiting, in_flight: inFlight } = system.queue;
    const moment = { time, waiting, inFlight, throughput: system.throughput, memory: memoryOf(system) };
    this.past = [...this.past.filter((one) => one.time > time - WINDOW - 5), moment];
    this.now = system;
  }
}

export const live = new Live();

/** Bytes of a worker in the machine's memory. */
export function residentOf(worker: Worker): number {
  return worker.memory.resident ?? worker.memory.rss ?? 0;
}

/** Bytes of the server and its workers. */
export function memoryOf(system: System): number {
  return system.memory.process + system.workers.reduce((sum, worker) => sum + residentOf(worker), 0);
}

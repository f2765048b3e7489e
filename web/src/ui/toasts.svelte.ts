/** Short news at the edge of the page; the region that shows them is read aloud. */
import { asProblem } from '../api/problem';

export interface Toast {
  id: number;
  kind: 'news' | 'problem';
  text: string;
  detail?: string;
  action?: { name: string; run: () => void };
}

const SECONDS = { news: 5, problem: 10 };
let next = 1;

class Toasts {
  items = $state<Toast[]>([]);

  say(text: string, more: Partial<Toast> = {}): number {
    const toast: Toast = { id: next++, kind: 'news', text, ...more };
    // The same news again takes the place of the old.
    this.items = [...this.items.filter((one) => one.text !== text || one.kind !== toast.kind), toast].slice(-4);
    setTimeout(() => this.dismiss(toast.id), SECONDS[toast.kind] * 1000);
    return toast.id;
  }

  /** Show what went wrong; nothing for what was cancelled. */
  problem(thrown: unknown): void {
    const problem = asProblem(thrown);
    if (!problem || problem.code === 'unauthenticated') return;
    const wait = problem.retryAfter ? ` Try again in ${Math.ceil(problem.retryAfter)} s.` : '';
    const request = problem.requestId ? `Request ${problem.requestId}` : undefined;
    this.say(problem.message + wait, { kind: 'problem', detail: request });
  }

  dismiss(id: number): void {
    this.items = this.items.filter((one) => one.id !== id);
  }
}

export const toasts = new Toasts();

/** What was looked at before, to go back to. */
import { sameLook, type Look } from './look';

export interface Step {
  id: number;
  look: Look;
  label: string;
  /** A small picture, once it has been seen. */
  thumb: string | null;
}

const MOST = 100;
/** Steps of the same kind that follow within this time are one. */
const TOGETHER = 700;

export class Past {
  steps = $state.raw<Step[]>([]);
  at = $state(-1);
  #next = 1;
  #touched = 0;

  get canUndo(): boolean {
    return this.at > 0;
  }

  get canRedo(): boolean {
    return this.at < this.steps.length - 1;
  }

  get current(): Step | undefined {
    return this.steps[this.at];
  }

  /** Note a change; what had been undone is forgotten. */
  push(look: Look, label: string): void {
    const current = this.current;
    if (current && sameLook(current.look, look)) return;
    const now = Date.now();
    const together = current && this.at > 0 && current.label === label && now - this.#touched < TOGETHER;
    this.#touched = now;
    const kept = this.steps.slice(0, together ? this.at : this.at + 1);
    for (const step of this.steps.slice(kept.length)) if (step.thumb) URL.revokeObjectURL(step.thumb);
    this.steps = [...kept, { id: this.#next++, look, label, thumb: null }].slice(-MOST);
    this.at = this.steps.length - 1;
  }

  /** Go to a step and return who was looked at. */
  go(to: number): Look | null {
    const step = this.steps[to];
    if (!step) return null;
    this.at = to;
    this.#touched = 0;
    return step.look;
  }

  /** Give the current step its picture. */
  picture(look: Look, thumb: Blob): void {
    const current = this.current;
    if (!current || current.thumb || !sameLook(current.look, look)) return;
    const url = URL.createObjectURL(thumb);
    this.steps = this.steps.map((step) => (step === current ? { ...step, thumb: url } : step));
  }
}
